"""Steps of series on a regular grid, in order of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conveyor.data.steps import SortedSteps
from conveyor.data.windows.clock import Clock, Keys, to_months
from conveyor.data.windows.frequency import find_frequency
from conveyor.encoding.series import carry_forward
from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget, Frequency


class SeriesError(DataError):
    """The steps of one series make no grid.

    Attributes:
        reason: without the name of the series.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"series {name!r}: {reason}" if name else f"the series: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Grid:
    """All series, one after the other, each without gaps.

    Attributes:
        names: of the series.
        values: float32 (steps, columns); NaN where there is no value.
        keys: the time of each step, (steps,), see `clock.read_keys`.
        offsets: int64 (series + 1,); series i has the steps offsets[i] to offsets[i + 1].
        counts: `duplicate_steps`, `gaps`, `missing_steps`, `series_with_gaps`.
    """

    names: list[str]
    values: NDArray[np.float32]
    keys: Keys
    offsets: NDArray[np.int64]
    frequency: Frequency
    clock: Clock
    counts: dict[str, int]

    @property
    def series(self) -> NDArray[np.int64]:
        """Number of the series of each step, (steps,)."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.offsets))

    def count_rows(self, origins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some origins each series has, (series,)."""
        series = np.searchsorted(self.offsets, origins, side="right") - 1
        return np.bincount(series, minlength=len(self.names))


def make_grid(
    names: list[str], steps: SortedSteps, clock: Clock, target: ForecastTarget | ForecastSpec,
    frequency: Frequency | None = None,
) -> Grid:  # fmt: skip
    """Put sorted steps on their grid.

    Args:
        frequency: of the grid; None: that of the steps.

    Raises:
        SeriesError: two rows of a series have one time and `duplicates` is "refuse"; a step is
            missing and `gaps` is "refuse"; the times are not on the grid of `frequency`.
        DataError: the times are on no regular grid.
    """
    steps, counts = _join_duplicates(names, steps, clock, target)
    keys = steps.times.astype(np.int64)
    inside = np.diff(steps.series) == 0
    if frequency is None:
        frequency = find_frequency(np.diff(keys)[inside], keys, clock)
    places = _places(names, keys, frequency, steps.series)  # (steps,), on the grid of each series
    lengths = (
        np.array([places[steps.series == 0].max() + 1])
        if len(names) == 1
        else (np.maximum.reduceat(places, np.searchsorted(steps.series, np.arange(len(names)))) + 1)
    )
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    distances = np.diff(places)[inside] - 1
    counts |= {
        "gaps": int((distances > 0).sum()),
        "missing_steps": int(distances.sum()),
        "series_with_gaps": len(np.unique(steps.series[1:][inside][distances > 0])),
    }
    if counts["gaps"] and target.gaps == "refuse":
        where = int(np.flatnonzero(inside)[np.flatnonzero(distances > 0)[0]])
        last, following = clock.describe(keys[where : where + 2])
        advice = "train anew with" if isinstance(target, ForecastSpec) else "set"
        raise SeriesError(
            names[steps.series[where]],
            f"expected a step at each time of the grid; got {counts['missing_steps']} missing "
            f"ones, such as between {last} and {following}. Add the rows, or {advice} "
            "dataset.target.gaps of missing or forward.",
        )
    values = np.full((offsets[-1], steps.values.shape[1]), np.nan, np.float32)
    values[offsets[steps.series] + places] = steps.values
    if counts["gaps"] and target.gaps == "forward":
        lost = np.ones(len(values), np.bool_)
        lost[offsets[steps.series] + places] = False
        values[lost] = carry_forward(values.astype(np.float64), offsets)[lost]
    first = keys[np.searchsorted(steps.series, np.arange(len(names)))]
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    grid_keys = advance(np.repeat(first, lengths), number, frequency)
    return Grid(names, values, grid_keys, offsets, frequency, clock, counts)


def advance(keys: Keys | np.int64, steps: NDArray[np.int64], frequency: Frequency) -> Keys:
    """Return the times that are some steps after others, (steps,)."""
    if frequency.unit != "months":
        return keys + steps * frequency.step
    months, rest = to_months(np.asarray(keys))
    moved = (months + steps * frequency.step).astype("datetime64[M]").astype("datetime64[us]")
    return moved.astype(np.int64) + rest


def count_steps(keys: Keys, frequency: Frequency) -> NDArray[np.int64]:
    """Return the number of whole steps since 1970, or since 0, of each time."""
    return (to_months(keys)[0] if frequency.unit == "months" else keys) // frequency.step


def _places(
    names: list[str], keys: Keys, frequency: Frequency, series: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the place of each step on the grid of its series, (steps,)."""
    numbers = to_months(keys)[0] if frequency.unit == "months" else keys
    starts = np.searchsorted(series, np.arange(series[-1] + 1))
    distance = numbers - numbers[starts][series]
    between = np.flatnonzero(distance % frequency.step)
    if len(between):
        raise SeriesError(
            names[series[between[0]]],
            f"expected times on the grid of the training data; got {len(between)} others. Change "
            "the times, or train anew.",
        )
    return distance // frequency.step


def _join_duplicates(
    names: list[str], steps: SortedSteps, clock: Clock, target: ForecastTarget | ForecastSpec
) -> tuple[SortedSteps, dict[str, int]]:
    repeated = steps.repeated()
    counts = {"duplicate_steps": int(repeated.sum())}
    if not repeated.any():
        return steps, counts
    if target.duplicates == "refuse":
        where = int(np.flatnonzero(repeated)[0])
        [time] = clock.describe(steps.times[where : where + 1].astype(np.int64))
        advice = (
            "train anew with dataset.target.duplicates of mean or last."
            if isinstance(target, ForecastSpec)
            else "name dataset.target.series, set dataset.target.zone if daylight saving repeats "
            "an hour, or set dataset.target.duplicates to mean or last."
        )
        raise SeriesError(
            names[steps.series[where]],
            f"expected one row at each time; got two at {time} ({int(repeated.sum())} such rows). "
            f"Remove them, or {advice}",
        )
    if target.duplicates == "mean":
        return steps.average(repeated), counts
    last = np.append(~repeated[1:], True)
    return SortedSteps(steps.series[last], steps.times[last], steps.values[last]), counts
