"""Histories in rows of a file or of a request, each row a step, as raw rows of a model."""

import numpy as np
from numpy.typing import NDArray

from conveyor.data.part import Part
from conveyor.data.windows.clock import Keys, read_calendar
from conveyor.data.windows.grid import Grid, advance, make_grid
from conveyor.data.windows.read import read_steps
from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import ForecastSpec


def read_histories(
    part: Part, spec: ForecastSpec, decimal: str
) -> tuple[list[str], list[NDArray[np.float32]]]:
    """Return the names of the series and, of each, its last steps and what is known ahead of it.

    The forecast begins after the last step with a value of a target, or of a column that is known
    up to the origin only. The rows after it have the columns that are known ahead; without such
    columns there may be none, since the calendar is known for any time.

    Raises:
        DataError: as `read_steps` and `make_grid`; a series has no value, or too few steps that are
            known ahead.
    """
    read = read_steps(part, spec, decimal)
    grid = make_grid(read.names, read.steps, read.clock, spec, spec.frequency)
    rows = []
    for number, name in enumerate(grid.names):
        first, end = grid.offsets[number : number + 2].tolist()
        place = f"{part.origin}: series {name!r}" if name else part.origin
        rows.append(_read_one(grid, first, end, spec, place))
    return grid.names, rows


def _read_one(
    grid: Grid, first: int, end: int, spec: ForecastSpec, place: str
) -> NDArray[np.float32]:
    """Return the raw row of one series, (steps, channels)."""
    values, keys = grid.values[first:end], grid.keys[first:end]
    hidden = len(spec.columns) + len(spec.past)
    observed = np.flatnonzero(~np.isnan(values[:, :hidden]).all(axis=1))
    if not len(observed):
        raise DataError(f"{place}: expected a value in {', '.join(spec.columns)}; got none.")
    origin = int(observed[-1]) + 1
    ahead = len(values) - origin
    if spec.known_ahead and ahead < spec.future:
        raise DataError(
            f"{place}: expected {spec.future} rows after the last value, with "
            f"{', '.join(spec.known_ahead)} and empty cells in {', '.join(spec.columns)}; got "
            f"{ahead}. Add the rows."
        )
    start = max(0, origin - spec.context)
    horizon = np.arange(1, spec.future + 1)
    steps = np.concatenate([keys[start:origin], advance(keys[origin - 1], horizon, grid.frequency)])
    row = np.full((len(steps), values.shape[1]), np.nan, np.float32)
    whole = values[start : origin + spec.future]
    row[: len(whole)] = whole
    return np.concatenate([row, _calendar(steps, grid, spec)], axis=1)


def _calendar(keys: Keys, grid: Grid, spec: ForecastSpec) -> NDArray[np.float32]:
    return read_calendar(keys, grid.clock, spec.calendar)
