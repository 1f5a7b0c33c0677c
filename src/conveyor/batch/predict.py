"""File in, answers out."""

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
from conveyor.serving import Predictor, RowError

Floats = NDArray[np.float32]
WINDOW = 4096  # rows held at once; those of like length in it share a batch


@dataclass(frozen=True)
class Counts:
    """Rows that were read, and those among them without an answer."""

    rows: int
    bad: int


def predict_file(
    predictor: Predictor, source: Path, target: Path, *, column: str | None, skip_bad: bool
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
    ):
        for window in values:
            good, probabilities = _answers(predictor, window, skip_bad, source, rows)
            writer.write(_table(columns, rows, len(window), good, probabilities))
            rows, bad = rows + len(window), bad + len(window) - len(good)
            bar.update(len(window))
    return Counts(rows, bad)


def _answers(
    predictor: Predictor, window: list[Any], skip_bad: bool, source: Path, first: int
) -> tuple[list[int], Floats]:
    """The rows of a window that have an answer, and their probabilities (rows, classes)."""
    good = [at for at, row in enumerate(window) if not isinstance(row, Unreadable)]
    try:
        if len(good) < len(window):
            at = next(at for at, row in enumerate(window) if isinstance(row, Unreadable))
            raise RowError(at, window[at].reason)
        return good, predictor.predict(window).probabilities
    except RowError as error:
        if not skip_bad:
            raise InputError(
                f"row {first + error.row} of {source} {error.reason}. Nothing was written; "
                "--skip-bad leaves such rows without an answer"
            ) from None
    good = [at for at in good if predictor.refusal(window[at]) is None]
    if not good:
        return good, np.zeros((0, len(predictor.classes)), np.float32)
    return good, predictor.predict([window[at] for at in good]).probabilities


def _table(
    columns: pa.Schema, first: int, rows: int, good: list[int], probabilities: Floats
) -> pa.Table:
    """One window's answers, null in the rows that are not `good`."""
    missing = np.ones(rows, dtype=bool)
    missing[good] = False
    spread = np.zeros((rows, probabilities.shape[1]), np.float32)
    spread[good] = probabilities
    kind = columns.field("probabilities").type
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
