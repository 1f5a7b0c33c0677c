"""Predictions for all rows of a file."""

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

from conveyor.batch.read import BadRow, read_windows
from conveyor.batch.write import open_writer, schema
from conveyor.errors import InputError
from conveyor.serving import LoadedModel, PendingPredictions, RowError

WINDOW = 4096  # rows read together, from which batches of rows of similar length are formed
BATCH = 64  # rows of a batch; its arrays fit into the cache of a core


@dataclass(frozen=True)
class Counts:
    """Number of rows read, and of those without a prediction."""

    rows: int
    bad: int


def predict_file(
    model: LoadedModel, source: Path, target: Path, *, column: str | None, skip_bad: bool
) -> Counts:
    """Write a prediction for every row of `source` to `target`, in the order of the rows.

    At most two windows are in memory, however long the file is.

    Args:
        column: the column with the raw rows; None for the encoder's own, `text` or `series`.
        skip_bad: write nulls for rows that cannot be read, and count them.

    Raises:
        InputError: a file or column is missing, or a row cannot be read and `skip_bad` is off.
            `target` is not written then.
    """
    if source.resolve() == target.resolve():
        raise InputError(f"{target}: expected another file than the input. Name another output")
    columns, rows, bad = schema(model.classes), 0, 0
    values = read_windows(source, column or model.encoder.column, WINDOW)
    with (
        open_writer(target, columns) as writer,
        tqdm(unit="row", disable=None, desc=target.name) as bar,
        ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="batch") as pool,
    ):
        for window in _read_ahead(_submit_windows(model, pool, values, skip_bad, source)):
            writer.write(_table(columns, rows, window))
            rows, bad = rows + window.rows, bad + window.rows - len(window.good)
            bar.update(window.rows)
    return Counts(rows, bad)


@dataclass(frozen=True)
class _Window:
    """Consecutive rows of the file.

    Attributes:
        rows: their number.
        good: positions of the rows with a prediction, from 0.
        predictions: of the good rows; None where there are none.
    """

    rows: int
    good: list[int]
    predictions: PendingPredictions | None


def _read_ahead(windows: Iterator[_Window]) -> Iterator[_Window]:
    """Yield each window after the next one is submitted, so that all cores stay busy."""
    current = next(windows, None)
    while current is not None:
        following = next(windows, None)
        yield current
        current = following


def _submit_windows(
    model: LoadedModel, pool: Executor, windows: Iterator[list[Any]], skip_bad: bool, source: Path
) -> Iterator[_Window]:
    first = 0
    for rows in windows:
        try:
            window = _submit(model, pool, rows)
        except RowError as error:
            if not skip_bad:
                raise InputError(
                    f"{source}, row {first + (error.row or 0)}: {error.reason}. Nothing was "
                    "written; --skip-bad writes nulls for such rows"
                ) from None
            window = _submit_good(model, pool, rows)
        yield window
        first += len(rows)


def _submit(model: LoadedModel, pool: Executor, rows: list[Any]) -> _Window:
    for number, row in enumerate(rows):
        if isinstance(row, BadRow):
            raise RowError(row.reason, number)
    predictions = model.submit(rows, pool, batch_size=BATCH)
    return _Window(len(rows), list(range(len(rows))), predictions)


def _submit_good(model: LoadedModel, pool: Executor, rows: list[Any]) -> _Window:
    good = [i for i, row in enumerate(rows) if not isinstance(row, BadRow) and model.accepts(row)]
    good_rows = [rows[i] for i in good]
    predictions = model.submit(good_rows, pool, batch_size=BATCH) if good else None
    return _Window(len(rows), good, predictions)


def _table(columns: pa.Schema, first: int, window: _Window) -> pa.Table:
    """The predictions of a window, null in the rows that are not good.

    Args:
        first: number of the window's first row in the file.
    """
    missing = np.ones(window.rows, dtype=bool)
    missing[window.good] = False
    struct = columns.field("probabilities").type
    probabilities: NDArray[np.float32] = np.zeros((window.rows, struct.num_fields), np.float32)
    if window.predictions is not None:
        probabilities[window.good] = window.predictions.result().probabilities
    names = pa.array([field.name for field in struct], pa.string())
    best = pa.array(probabilities.argmax(axis=1), pa.int32(), mask=missing)
    by_class = [pa.array(np.ascontiguousarray(column), mask=missing) for column in probabilities.T]
    arrays = [
        pa.array(np.arange(first, first + window.rows)),
        names.take(best),
        pa.array(probabilities.max(axis=1), mask=missing),
        pa.StructArray.from_arrays(by_class, fields=list(struct), mask=pa.array(missing)),
    ]
    return pa.Table.from_arrays(arrays, schema=columns)
