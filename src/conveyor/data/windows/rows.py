"""Histories in rows of a file or of a request, each row a step, as raw rows of a model."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import StaticColumns
from conveyor.data.part import Part
from conveyor.data.steps import SortedSteps
from conveyor.data.windows.clock import read_calendar
from conveyor.data.windows.findings import say_counted, say_findings
from conveyor.data.windows.grid import Grid, SeriesError, advance, make_grid
from conveyor.data.windows.read import read_steps
from conveyor.encoding.row_error import RowError
from conveyor.tasks.forecasting.options import ForecastSpec

HistoryRow = NDArray[np.float32] | RowError


@dataclass(frozen=True)
class Histories:
    """The histories of all series of a part, in order of their first rows.

    Attributes:
        names: of the series; "" where rows have no name of a series.
        rows: of each, its last steps and what is known ahead of it, (steps, channels); a RowError
            where they cannot be read.
        times: of each, the times of its forecast as cells, (horizon,); none with a RowError.
        notes: sentences on what was found in the rows.
        static: cells of the static columns, by column.
    """

    names: list[str]
    rows: list[HistoryRow]
    times: list[list[int] | list[str]]
    notes: list[str]
    static: dict[str, list[Any]]


def read_histories(
    part: Part, spec: ForecastSpec, static: StaticColumns, decimal: str
) -> Histories:
    """Read the history of each series.

    The forecast begins after the last step with a value of a target, or of a column that is known
    up to the origin only. The rows after it have the columns that are known ahead; without such
    columns there may be none, since the calendar is known for any time.

    Raises:
        DataError: as `read_steps`. What is wrong with one series, as `make_grid` has it, or since
            there is no value or too few steps are known ahead, is a RowError in its place.
    """
    read = read_steps(part, spec, static, decimal)
    bounds = np.searchsorted(read.steps.series, np.arange(len(read.names) + 1))
    cells = {name: column.to_pylist() for name, column in read.static.items()}
    histories = Histories(read.names, [], [], [], cells)
    counts, short = Counter[str](), 0
    for number, name in enumerate(read.names):
        inside = slice(bounds[number], bounds[number + 1])
        steps = SortedSteps(
            read.steps.series[inside] - number, read.steps.times[inside], read.steps.values[inside]
        )
        row, times = None, []
        try:
            grid = make_grid([name], steps, read.clock, spec, spec.frequency)
            counts.update(grid.counts)
            origin = _find_origin(grid, spec)
            row, times = _cut(grid, origin, spec), _horizon(grid, origin, spec)
            short += origin < spec.context
        except (SeriesError, RowError) as error:
            row = RowError(error.reason)
        histories.rows.append(row)
        histories.times.append(times)
    short_note = (
        f"{short} series are shorter than the context of {spec.context} steps; what is before "
        "their first step counts as missing"
    )
    histories.notes.extend(say_findings(read, counts, spec) + say_counted({short_note: short}))
    return histories


def _find_origin(grid: Grid, spec: ForecastSpec) -> int:
    """Return the step at which the forecast of a series begins.

    Raises:
        RowError: it has no value, or too few steps that are known ahead.
    """
    hidden = len(spec.columns) + len(spec.past)
    observed = np.flatnonzero(~np.isnan(grid.values[:, :hidden]).all(axis=1))
    if not len(observed):
        raise RowError(f"expected a value in {', '.join(spec.columns)}; got none")
    origin = int(observed[-1]) + 1
    ahead = len(grid.values) - origin
    if spec.known_ahead and ahead < spec.future:
        raise RowError(
            f"expected {spec.future} rows after the last value, with "
            f"{', '.join(spec.known_ahead)} and empty cells in {', '.join(spec.columns)}; got "
            f"{ahead}. Add the rows"
        )
    return origin


def _cut(grid: Grid, origin: int, spec: ForecastSpec) -> NDArray[np.float32]:
    """Return the raw row of a series, (steps, channels)."""
    start = max(0, origin - spec.context)
    ahead = advance(grid.keys[origin - 1], np.arange(1, spec.future + 1), grid.frequency)
    keys = np.concatenate([grid.keys[start:origin], ahead])
    row = np.full((len(keys), grid.values.shape[1]), np.nan, np.float32)
    window = grid.values[start : origin + spec.future]
    row[: len(window)] = window
    return np.concatenate([row, read_calendar(keys, grid.clock, spec.calendar)], axis=1)


def _horizon(grid: Grid, origin: int, spec: ForecastSpec) -> list[int] | list[str]:
    """Return the times of the steps that are forecast."""
    steps = np.arange(1, spec.horizon + 1)
    return grid.clock.to_column(advance(grid.keys[origin - 1], steps, grid.frequency))
