"""Reads the rows of files, each a step of a series."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.data.cells import read_numbers
from conveyor.data.long_format import cell_error, read_channel, read_columns, read_ids
from conveyor.data.part import Part
from conveyor.data.steps import SortedSteps
from conveyor.data.times import CellError, is_missing_time, read_times
from conveyor.data.windows.clock import Clock
from conveyor.data.windows.frequency import read_keys
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget

FORMAT = "dataset.target.time_format"


@dataclass(frozen=True)
class ReadSteps:
    """The steps of a part.

    Attributes:
        rows: read.
        missing_time: rows without a time, which are left out.
        unsorted: rows that are earlier than one of their series before them.
        not_finite: infinite values, which count as missing.
    """

    names: list[str]
    steps: SortedSteps
    clock: Clock
    rows: int
    missing_time: int
    unsorted: int
    not_finite: int


def read_steps(part: Part, target: ForecastTarget | ForecastSpec, decimal: str) -> ReadSteps:
    """Read all rows of a part.

    Raises:
        DataError: a column is missing; an id, a time or a number cannot be read.
    """
    channels = target.channels
    part = read_numbers(part, channels, [target.time], decimal)
    wanted = [*channels, target.time, *([target.series] if target.series else [])]
    part.require(wanted)
    columns = read_columns(part, wanted)
    absent = is_missing_time(columns[target.time]).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(~absent)
    if target.series is None:
        names, series = [""], np.zeros(len(absent), np.int64)
    else:
        ids, series = read_ids(part, columns[target.series], target.series)
        names = ids.to_pylist()
    values = np.stack([read_channel(part, columns[name], name, "dataset.target")
                       for name in channels], axis=1)  # fmt: skip
    try:
        cells = columns[target.time].take(pa.array(rows))
        times = read_times(cells, target.time_format, FORMAT)
        keys, clock = read_keys(times, target.zone, series[rows])
    except CellError as error:
        raise cell_error(part, CellError(int(rows[error.row]), str(error)), target.time) from None
    infinite = np.isinf(values)
    values[infinite] = np.nan
    names, series = _used(names, series[rows])
    order = np.lexsort((keys, series))  # equal times keep their order
    steps = SortedSteps(series[order], keys[order], values[rows][order])
    return ReadSteps(
        names, steps, clock, rows=len(absent), missing_time=int(absent.sum()),
        unsorted=_count_unsorted(series, keys), not_finite=int(infinite.sum()),
    )  # fmt: skip


def _used(names: list[str], series: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Leave out series without a step."""
    numbers, places = np.unique(series, return_inverse=True)
    return [names[number] for number in numbers.tolist()], places


def _count_unsorted(series: NDArray[np.int64], keys: NDArray[np.int64]) -> int:
    order = np.argsort(series, kind="stable")
    backwards = (np.diff(keys[order]) < 0) & (np.diff(series[order]) == 0)
    return int(backwards.sum())
