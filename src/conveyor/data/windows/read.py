"""Reads the rows of files, each a step of a series, or of all series of a wide table."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.data.cells import read_numbers
from conveyor.data.long_format import cell_error, read_channel, read_columns, read_ids
from conveyor.data.part import Part
from conveyor.data.steps import SortedSteps
from conveyor.data.times import CellError, is_missing_time, read_times
from conveyor.data.windows.clock import Clock, Keys
from conveyor.data.windows.frequency import read_keys
from conveyor.encoding.wide_columns import match_series
from conveyor.errors import DataError, quote_names
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget

FORMAT = "dataset.target.time_format"


@dataclass(frozen=True)
class ReadSteps:
    """The steps of a part.

    Attributes:
        rows: read; of a wide table, its cells.
        missing_time: rows without a time, which are left out.
        empty_cells: of a wide table; its series have no step there.
        unsorted: rows that are earlier than one of their series before them.
        not_finite: infinite values, which count as missing.
    """

    names: list[str]
    steps: SortedSteps
    clock: Clock
    rows: int
    missing_time: int
    empty_cells: int
    unsorted: int
    not_finite: int


def read_steps(part: Part, target: ForecastTarget | ForecastSpec, decimal: str) -> ReadSteps:
    """Read all rows of a part.

    Raises:
        DataError: a column is missing; an id, a time or a number cannot be read.
    """
    channels = _find_channels(part, target)
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
    series, values, empty = series[rows], values[rows], 0
    if target.wide is not None:
        names = channels
        series, keys, values = _melt(keys, values)
        empty = len(rows) * len(names) - len(values)
    infinite = np.isinf(values)
    values[infinite] = np.nan
    names, series = _used(names, series)
    order = np.lexsort((keys, series))  # equal times keep their order
    steps = SortedSteps(series[order], keys[order], values[order])
    cells = 1 if target.wide is None else len(channels)  # of a row, that are steps
    return ReadSteps(
        names, steps, clock, rows=cells * len(absent), missing_time=cells * int(absent.sum()),
        empty_cells=empty, unsorted=_count_unsorted(series, keys), not_finite=int(infinite.sum()),
    )  # fmt: skip


def _find_channels(part: Part, target: ForecastTarget | ForecastSpec) -> list[str]:
    """Return the columns of numbers: of a wide table one for each series."""
    if target.wide is None:
        return target.channels
    channels = match_series(target.wide, part.columns, target.time)
    if not channels:
        raise DataError(
            f"{part.origin}: expected columns such as {target.wide!r} beside {target.time!r}; got "
            f"{quote_names(part.columns)}. Change dataset.target.wide."
        )
    return channels


def _melt(
    keys: Keys, values: NDArray[np.float32]
) -> tuple[NDArray[np.int64], Keys, NDArray[np.float32]]:
    """Return series, time and value of each cell of a wide table that has a value.

    Times are read before empty cells are left out, so that the hour which daylight saving repeats
    is told apart for all series alike.

    Args:
        keys: (rows,).
        values: (rows, series).
    """
    present = ~np.isnan(values)
    rows, series = np.nonzero(present)
    return series, keys[rows], values[present][:, None]


def _used(names: list[str], series: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Leave out series without a step."""
    numbers, places = np.unique(series, return_inverse=True)
    return [names[number] for number in numbers.tolist()], places


def _count_unsorted(series: NDArray[np.int64], keys: NDArray[np.int64]) -> int:
    order = np.argsort(series, kind="stable")
    backwards = (np.diff(keys[order]) < 0) & (np.diff(series[order]) == 0)
    return int(backwards.sum())
