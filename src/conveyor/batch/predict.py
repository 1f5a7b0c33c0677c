"""File in, answers out."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.batch.read import Unreadable, windows
from conveyor.batch.write import schema, writing
from conveyor.errors import InputError
from conveyor.serving import LoadedModel, RowError, Started

Floats = NDArray[np.float32]
WINDOW = 4096  # rows read at once, two such held; those of like length in one share a batch
BATCH = 64  # rows of a batch; what they need stays in a core's cache


@dataclass(frozen=True)
class Counts:
    """Rows that were read, and those among them without an answer."""

    rows: int
    bad: int


def predict_file(
    predictor: LoadedModel, source: Path, target: Path, *, column: str | None, skip_bad: bool
) -> Counts:
    """Answer every row of `source` in `target`, in its order.

    Args:
        column: where the rows stand; None for `text` or `series`, as the model reads.
        skip_bad: a row that cannot be read gets a null answer and is counted.

    Raises:
        InputError: a row cannot be read and `skip_bad` is off, or a file or column is not there.
            Nothing is written then.
    """
    if source.resolve() == target.resolve():
        raise InputError(f"{source} would be replaced by its answers; name another file for them")
    columns, rows, bad = schema(predictor.classes), 0, 0
    values = windows(source, column or predictor.kind, WINDOW)
    with (
        writing(target, columns) as writer,
        tqdm(unit="row", disable=None, desc=target.name) as bar,
        ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="batch") as pool,
    ):
        for window in _one_behind(_started(predictor, pool, values, skip_bad, source)):
            probabilities = window.answers.result().probabilities if window.answers else None
            writer.write(_table(columns, rows, window.rows, window.good, probabilities))
            rows, bad = rows + window.rows, bad + window.rows - len(window.good)
            bar.update(window.rows)
    return Counts(rows, bad)


@dataclass(frozen=True)
class _Window:
    """Rows that stand behind one another in the file.

    Attributes:
        rows: how many.
        good: those that have an answer, from 0.
        answers: of the good ones, to come; None where there are none.
    """

    rows: int
    good: list[int]
    answers: Started | None


def _one_behind(windows: Iterator[_Window]) -> Iterator[_Window]:
    """Each window when the next one has been read and started, so that no core waits for that."""
    before = next(windows, None)
    while before is not None:
        after = next(windows, None)
        yield before
        before = after


def _started(
    predictor: LoadedModel,
    pool: Executor,
    values: Iterator[list[Any]],
    skip_bad: bool,
    source: Path,
) -> Iterator[_Window]:
    first = 0
    for rows in values:
        good = [at for at, row in enumerate(rows) if not isinstance(row, Unreadable)]
        try:
            if len(good) < len(rows):
                at = next(at for at, row in enumerate(rows) if isinstance(row, Unreadable))
                raise RowError(at, rows[at].reason)
            answers = predictor.start(rows, pool, batch_size=BATCH)
        except RowError as error:
            if not skip_bad:
                raise InputError(
                    f"row {first + error.row} of {source} {error.reason}. Nothing was written; "
                    "--skip-bad leaves such rows without an answer"
                ) from None
            good = [at for at in good if predictor.refusal(rows[at]) is None]
            some = [rows[at] for at in good]
            answers = predictor.start(some, pool, batch_size=BATCH) if some else None
        yield _Window(len(rows), good, answers)
        first += len(rows)


def _table(
    columns: pa.Schema, first: int, rows: int, good: list[int], probabilities: Floats | None
) -> pa.Table:
    """One window's answers, null in the rows that are not `good`."""
    missing = np.ones(rows, dtype=bool)
    missing[good] = False
    kind = columns.field("probabilities").type
    spread = np.zeros((rows, kind.num_fields), np.float32)
    if probabilities is not None:
        spread[good] = probabilities
    names = pa.array([field.name for field in kind], pa.string())
    best = pa.array(spread.argmax(axis=1), pa.int32(), mask=missing)
    each = [pa.array(np.ascontiguousarray(spread[:, c]), mask=missing) for c in range(len(names))]
    arrays = [
        pa.array(np.arange(first, first + rows)),
        names.take(best),
        pa.array(spread.max(axis=1), mask=missing),
        pa.StructArray.from_arrays(each, fields=list(kind), mask=pa.array(missing)),
    ]
    return pa.Table.from_arrays(arrays, schema=columns)
