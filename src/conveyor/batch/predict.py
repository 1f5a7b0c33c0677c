"""Predictions for all rows of a file."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.batch.read import open_rows
from conveyor.batch.write import open_writer, schema
from conveyor.errors import InputError
from conveyor.metrics import Outputs
from conveyor.progress import progress_bar
from conveyor.serving import LoadedModel, RowError

WINDOW = 1024  # rows read together, from which batches of rows of similar length are formed
BATCH = 64  # rows of a batch; its arrays fit into the cache of a core

# Which rows cannot be read, (rows,); the outputs of all, which say nothing for those; and the rows.
WindowPredictions = tuple[NDArray[np.bool_], Outputs, list[Any]]


@dataclass(frozen=True)
class PredictedRows:
    """Number of rows read, and of those without a prediction."""

    rows: int
    bad: int


def predict_file(
    model: LoadedModel, source: Path, target: Path, *, column: str | None, skip_bad: bool
) -> PredictedRows:
    """Write a prediction for every row of `source` to `target`, in the order of the rows.

    Each core predicts a window of rows; ONNX Runtime releases the interpreter's lock, and one
    batch on each core is faster than one batch on all. One window more than there are cores is in
    memory, however long the file is.

    Args:
        column: the column with the raw rows; None for those of the model's data set, or else the
            general one, `text` or `series`.
        skip_bad: write nulls for rows that cannot be read, and count them.

    Raises:
        InputError: a file or column is missing, or a row cannot be read and `skip_bad` is off.
            `target` is not written then.
    """
    if source.resolve() == target.resolve():
        raise InputError(f"{target}: expected another file than the input. Name another output")
    answers, rows, bad = model.task.answers, 0, 0
    read = open_rows(model, source, column, WINDOW)
    columns = schema(answers, with_ids=read.ids is not None)
    with (
        open_writer(target, columns) as write,
        progress_bar(target.name, " rows", read.estimate) as bar,
        ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="batch") as pool,
    ):
        try:
            predict = partial(_predict_window, model, skip_bad)
            for missing, outputs, window in _map_in_order(pool, predict, read.windows):
                stop = rows + len(missing)
                keys = [pa.array(np.arange(rows, stop))]
                keys += [] if read.ids is None else [pa.array(read.ids[rows:stop], pa.string())]
                cells = [*keys, *answers.columns(outputs, missing, window)]
                write(pa.Table.from_arrays(cells, schema=columns))
                rows, bad = stop, bad + int(missing.sum())
                bar.update(len(missing))
        except RowError as error:
            number = rows + (error.row or 0)
            place = f"row {number + 1}" if read.ids is None else f"series {read.ids[number]!r}"
            raise InputError(
                f"{source}, {place}: {error.reason}. Nothing was written; --skip-bad writes nulls "
                "for such rows"
            ) from None
    return PredictedRows(rows, bad)


def _map_in_order(
    pool: Executor, predict: Callable[[list[Any]], WindowPredictions], windows: Iterable[list[Any]]
) -> Iterator[WindowPredictions]:
    """As `pool.map`, which would read all windows before it yields a result."""
    pending = deque[Future[WindowPredictions]]()
    for window in windows:
        pending.append(pool.submit(predict, window))
        if len(pending) > (os.cpu_count() or 1):
            yield pending.popleft().result()
    for future in pending:
        yield future.result()


def _predict_window(model: LoadedModel, skip_bad: bool, rows: list[Any]) -> WindowPredictions:
    """Predict the rows of a window.

    Raises:
        RowError: a row cannot be read and `skip_bad` is off.
    """
    missing = np.zeros(len(rows), dtype=bool)
    if not skip_bad and not any(isinstance(row, RowError) for row in rows):
        # The model checks the rows.
        return missing, model.predict(rows, batch_size=BATCH).outputs, rows
    checked = []
    for number, row in enumerate(rows):
        try:
            if isinstance(row, RowError):
                raise row
            checked.append(model.encoder.check_row(row))
        except RowError as error:
            if not skip_bad:
                raise RowError(error.reason, number) from None
            missing[number] = True
    outputs = model.empty_outputs(len(rows))
    if checked:
        outputs[~missing] = model.predict(checked, batch_size=BATCH).outputs
    return missing, outputs, rows
