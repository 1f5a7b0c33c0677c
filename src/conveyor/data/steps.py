"""Steps of several series in order of time: those at equal times, and gaps between them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conveyor.data.times import Keys

STEP_COUNTS = ("duplicate_steps", "gaps", "missing_steps", "series_with_gaps")
REGULAR = 0.75  # share of the intervals that must be equal for others to be gaps
DIGITS = 6  # to which two intervals must agree, since times may be floats


@dataclass(frozen=True)
class SortedSteps:
    """The steps of all series, by series and then by time.

    Attributes:
        series: number of the series of each step, (steps,).
        times: (steps,).
        values: float32 (steps, channels).
    """

    series: NDArray[np.int64]
    times: Keys
    values: NDArray[np.float32]

    def repeated(self) -> NDArray[np.bool_]:
        """Whether the step before has the same series and time, (steps,)."""
        same = np.zeros(len(self.series), np.bool_)
        same[1:] = (np.diff(self.series) == 0) & (self.times[1:] == self.times[:-1])
        return same

    def average(self, repeated: NDArray[np.bool_]) -> "SortedSteps":
        """Make one step of those at the same time: the mean of each channel's present values."""
        starts = np.flatnonzero(~repeated)
        present = ~np.isnan(self.values)
        sums = np.add.reduceat(np.where(present, self.values, 0).astype(np.float64), starts, axis=0)
        counts = np.add.reduceat(present.astype(np.int64), starts, axis=0)
        values = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
        return SortedSteps(self.series[starts], self.times[starts], values)


def say_steps(counts: Mapping[str, int]) -> list[str]:
    """Return a sentence for each kind of finding in the counts of all series."""
    sentences = []
    if counts.get("duplicate_steps"):
        sentences.append(
            f"steps at the time of another step of their series: {counts['duplicate_steps']}; "
            "dataset.columns.long.duplicates says what becomes of them"
        )
    if counts.get("gaps"):
        sentences.append(
            f"gaps between the steps of a series: {counts['gaps']}, with {counts['missing_steps']} "
            f"missing steps, in {counts['series_with_gaps']} series"
        )
    return sentences


def count_gaps(steps: SortedSteps) -> Counter[str]:
    """Count gaps in a regular grid of times: intervals that are longer than the usual one.

    Returns:
        The gaps, the steps that are missing in them, and the series that have any; all are 0 where
        the times are no regular grid.
    """
    inside = np.diff(steps.series) == 0
    intervals = np.diff(steps.times).astype(np.float64)[inside]
    intervals = intervals[intervals > 0]  # equal times are kept if the configuration says so
    counts = Counter[str](gaps=0, missing_steps=0, series_with_gaps=0)
    if not len(intervals):
        return counts
    relative = np.round(intervals / np.median(intervals), DIGITS)
    usual, numbers = np.unique(relative, return_counts=True)
    interval = usual[numbers.argmax()]
    if numbers.max() < REGULAR * len(relative):
        return counts
    series = steps.series[1:][inside][np.diff(steps.times)[inside] > 0]
    missing = np.round(relative / interval).astype(np.int64) - 1  # (intervals,)
    counts["gaps"] = int((missing > 0).sum())
    counts["missing_steps"] = int(np.maximum(missing, 0).sum())
    counts["series_with_gaps"] = len(np.unique(series[missing > 0]))
    return counts
