"""Reads the rows of files, each a step of a series, or of all series of a wide table."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.dataset import StaticColumns
from conveyor.data.cells import read_numbers
from conveyor.data.long_format import (
    cell_error,
    read_channel,
    read_columns,
    read_ids,
    rows_of_values,
)
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
        static: cells of the static columns by column, of each series, (series,).
    """

    names: list[str]
    steps: SortedSteps
    clock: Clock
    rows: int
    missing_time: int
    empty_cells: int
    unsorted: int
    not_finite: int
    static: dict[str, pa.Array]


def read_steps(
    part: Part, target: ForecastTarget | ForecastSpec, static: StaticColumns, decimal: str
) -> ReadSteps:
    """Read all rows of a part.

    Raises:
        DataError: a column is missing; an id, a time or a number cannot be read; a series has two
            values of a static column.
    """
    channels = _find_channels(part, target)
    part = read_numbers(part, [*channels, *static.numbers], [target.time], decimal)
    wanted = [*channels, target.time, *([target.series] if target.series else []), *static.names]
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
    cells = {name: columns[name].take(pa.array(rows)) for name in static.names}
    order = np.lexsort((keys, series))  # equal times keep their order
    steps = SortedSteps(series[order], keys[order], values[order])
    width = 1 if target.wide is None else len(channels)  # steps of a row
    return ReadSteps(
        names, steps, clock, rows=width * len(absent), missing_time=width * int(absent.sum()),
        empty_cells=empty, unsorted=_count_unsorted(series, keys), not_finite=int(infinite.sum()),
        static=_read_static(cells, names, series),
    )  # fmt: skip


def _read_static(
    cells: Mapping[str, pa.Array], names: list[str], series: NDArray[np.int64]
) -> dict[str, pa.Array]:
    """Return the cell of each series by column; other rows of the series may be empty."""
    first, ids = np.unique(series, return_index=True)[1], pa.array(names, pa.string())
    values = {}
    for name, column in cells.items():
        rows = rows_of_values(column, name, series, first, ids, "dataset.target.series")
        values[name] = column.take(pa.array(rows))
    return values


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
