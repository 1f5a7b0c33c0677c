"""Predictions for all rows of a file."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.batch.read import open_rows
from conveyor.batch.write import TIME, expand_steps, open_writer, schema
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
    """What was written.

    Attributes:
        rows: of the file of predictions.
        bad: rows of the input, or series whose steps they are, without a prediction.
        notes: sentences on what was found in the input.
    """

    rows: int
    bad: int
    notes: Sequence[str] = ()


def predict_file(
    model: LoadedModel, source: Path, target: Path, *, column: str | None, skip_bad: bool
) -> PredictedRows:
    """Write a prediction for every row of `source` to `target`, in the order of the rows; of
    histories, one row for each step that is forecast, with its time.

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
    answers, rows, written, bad = model.task.answers, 0, 0, 0
    read = open_rows(model, source, column, WINDOW)
    with_ids = read.ids is not None and any(read.ids)
    columns = schema(answers, with_ids=with_ids, times=read.times)
    expanded = columns if read.times is None else expand_steps(columns.empty_table()).schema
    with (
        open_writer(target, expanded) as write,
        progress_bar(target.name, " rows", read.estimate) as bar,
        ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="batch") as pool,
    ):
        try:
            predict = partial(_predict_window, model, skip_bad)
            for missing, outputs, window in _map_in_order(pool, predict, read.windows):
                stop = rows + len(missing)
                keys = [pa.array(np.arange(rows, stop))]
                if with_ids and read.ids is not None:
                    keys += [pa.array(read.ids[rows:stop], pa.string())]
                if read.times is not None:
                    keys += [
                        pa.array(read.times[rows:stop], columns.field(TIME).type, mask=missing)
                    ]
                cells = [*keys, *answers.columns(outputs, missing, window)]
                table = pa.Table.from_arrays(cells, schema=columns)
                table = table if read.times is None else expand_steps(table)
                write(table)
                rows, written, bad = stop, written + len(table), bad + int(missing.sum())
                bar.update(len(missing))
        except RowError as error:
            place = read.place(rows + (error.row or 0))
            raise InputError(
                f"{source}{place}: {error.reason.rstrip('.')}. Nothing was written; --skip-bad "
                "writes nulls for such rows"
            ) from None
    return PredictedRows(written, bad, read.notes)


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

    Returns:
        Which rows have no prediction, the outputs, and the rows as `Encoder.locate` returns them.

    Raises:
        RowError: a row cannot be read and `skip_bad` is off.
    """
    missing = np.zeros(len(rows), dtype=bool)
    if not skip_bad and not any(isinstance(row, RowError) for row in rows):
        predictions = model.predict(rows, batch_size=BATCH)  # which checks the rows
        return missing, predictions.outputs, predictions.located_rows
    checked: list[Any] = []
    located: list[Any] = [None] * len(rows)
    for number, row in enumerate(rows):
        try:
            if isinstance(row, RowError):
                raise row
            checked.append(model.encoder.check_row(row))
            located[number] = model.encoder.locate(row)
        except RowError as error:
            if not skip_bad:
                raise RowError(error.reason, number) from None
            missing[number] = True
    outputs = model.empty_outputs(len(rows))
    if checked:
        outputs[~missing] = model.predict(checked, batch_size=BATCH).outputs
    return missing, outputs, located
