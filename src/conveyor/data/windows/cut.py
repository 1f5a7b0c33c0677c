"""Cuts all series at the same times, and chooses the origins of each part."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.split import ByTime, Since, SplitRules
from conveyor.data.times import CellError, read_times
from conveyor.data.windows.frequency import read_keys
from conveyor.data.windows.grid import Grid, count_steps
from conveyor.data.windows.store import BETWEEN
from conveyor.encoding.windows import Origins
from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget


@dataclass(frozen=True)
class Cut:
    """The times from which on targets are those of validation, and of test."""

    validation: int
    test: int


def find_cut(grid: Grid, rules: SplitRules, target: ForecastTarget) -> Cut:
    """Return the first time of validation and of test.

    A share is that of the times that any series has: for test the latest of all, for validation
    the latest before those.
    """
    times = np.unique(grid.keys)
    starts = {}
    for name, take in (("test", rules.test), ("validation", rules.validation)):
        if isinstance(take, Since):
            starts[name] = parse_time(take.time, target, f"dataset.split.{name}.time")
        elif isinstance(take, ByTime) and len(times) > 1:
            count = min(max(1, round(take.share * len(times))), len(times) - 1)
            starts[name] = int(times[-count])
        else:
            starts[name] = int(grid.keys.max()) + 1
        times = times[times < starts[name]]
    return Cut(**starts)


def parse_time(text: str, target: ForecastTarget, setting: str) -> int:
    """Return the key of a time of the configuration, written as in the files."""
    try:
        times = read_times(pa.array([text]), target.time_format, "dataset.target.time_format")
        keys, _ = read_keys(times, target.zone, np.zeros(1, np.int64))
    except CellError as error:
        raise DataError(f"{setting}: {error}") from None
    return int(keys[0])


@dataclass(frozen=True)
class SplitOrigins:
    """The origins of each part.

    Attributes:
        origins: by split.
        blocks: by split, and as BETWEEN those of no split, origins whose horizons do not overlap.
            An origin is one whenever the files are read, however they have grown.
        missing: origins without a row, since a value of their horizon is missing, or all of the
            context of a target; of all splits.
        short: series without a row, since they are shorter than context and horizon.
    """

    origins: dict[str, Origins]
    blocks: dict[str, Origins]
    missing: int
    short: int


def choose_origins(
    grid: Grid, cut: Cut, target: ForecastTarget | ForecastSpec, *, stride: int
) -> SplitOrigins:
    """Choose the origins whose whole horizon is in one part, and whose context is in the series.

    No target of a later part is in an earlier one, neither in a horizon nor in a context; the
    context of a later part may reach back.

    Args:
        stride: steps between two origins of validation, and of test.
    """
    context, horizon, columns = target.context, target.horizon, len(target.columns)
    is_missing = np.isnan(grid.values[:, :columns])
    usable = _usable(is_missing, context, horizon)
    starts_block = count_steps(grid.keys, grid.frequency) % horizon == 0
    parts: dict[str, list[Origins]] = {"train": [], "validation": [], "test": []}
    blocks: dict[str, list[Origins]] = {name: [] for name in (*parts, BETWEEN)}
    missing = short = 0
    for first, end in zip(grid.offsets[:-1].tolist(), grid.offsets[1:].tolist(), strict=True):
        keys = grid.keys[first:end]
        bounds = [0, *np.searchsorted(keys, [cut.validation, cut.test]).tolist(), len(keys)]
        short += end - first < context + horizon
        for name, (low, high) in zip(parts, pairwise(bounds), strict=True):
            origins = np.arange(first + max(low, context), first + high - horizon + 1)
            blocks[name].append(origins[usable[origins] & starts_block[origins]])
            if name != "train":
                origins = origins[::stride]
            inside = usable[origins]
            missing += int((~inside).sum())
            parts[name].append(origins[inside])
        origins = np.arange(first + context, end - horizon + 1)
        rest = origins[usable[origins] & starts_block[origins]]
        inside = np.concatenate([blocks[name][-1] for name in parts])
        blocks[BETWEEN].append(rest[~np.isin(rest, inside)])
    return SplitOrigins(_join(parts), _join(blocks), missing, short)


def _join(parts: dict[str, list[Origins]]) -> dict[str, Origins]:
    return {name: np.concatenate(each).astype(np.int64) for name, each in parts.items()}


def _usable(is_missing: NDArray[np.bool_], context: int, horizon: int) -> NDArray[np.bool_]:
    """Return for each step whether it can be an origin, as far as values are missing, (steps,)."""
    before = np.concatenate([np.zeros((1, is_missing.shape[1])), np.cumsum(is_missing, axis=0)])
    steps = np.arange(len(is_missing))
    end = np.minimum(steps + horizon, len(is_missing))
    start = np.maximum(steps - context, 0)
    ahead = before[end] - before[steps]  # missing values of the horizon, (steps, columns)
    behind = before[steps] - before[start]
    return (ahead == 0).all(axis=1) & (behind < context).all(axis=1)
