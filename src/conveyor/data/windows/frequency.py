"""Reads times as numbers, and finds the frequency of the steps."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.data.times import NUMBERS, TIMES, CellError, Times
from conveyor.data.windows.clock import DAY, SETTING, Clock, Keys, describe_step, to_months
from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import Frequency


def read_keys(times: Times, zone: str | None, series: NDArray[np.int64]) -> tuple[Keys, Clock]:
    """Return whole numbers that put the steps in order, (rows,): microseconds, or the numbers.

    With a zone, times without an offset become those of UTC. Where the end of daylight saving
    repeats an hour, the first row of a series at such a time is before the change, the second one
    after it.

    Args:
        series: of each row, (rows,).

    Raises:
        CellError: a time does not exist in the zone.
        DataError: numbers are not whole, or numbers have a zone.
    """
    if times.kind == NUMBERS:
        if zone is not None:
            raise DataError("dataset.target.zone: expected null, since the times are numbers; got "
                            f"{zone!r}. Change it.")  # fmt: skip
        keys = np.round(times.keys).astype(np.int64)
        if not np.array_equal(keys, times.keys):
            raise DataError(f"{SETTING}: expected whole numbers or times; got fractions. Count the "
                            "steps, or give times.")  # fmt: skip
        return keys, Clock(is_number=True, zone=None)
    keys = np.round(times.keys * times.unit).astype(np.int64)
    if zone is not None and times.kind == TIMES:
        keys = _to_utc(keys, zone, series)
    return keys, Clock(is_number=False, zone=zone)


def _to_utc(keys: Keys, zone: str, series: NDArray[np.int64]) -> Keys:
    local = pa.array(keys, pa.timestamp("us"))

    def convert(ambiguous: str, nonexistent: str) -> Keys:
        times = pc.assume_timezone(local, zone, ambiguous=ambiguous, nonexistent=nonexistent)
        return times.cast(pa.int64()).to_numpy()

    try:
        first, last = (convert(which, "earliest") for which in ("earliest", "latest"))
    except pa.ArrowInvalid as error:
        raise DataError(f"dataset.target.zone: expected a name such as Europe/Berlin; got "
                        f"{zone!r}: {error}. Change it.") from None  # fmt: skip
    skipped = np.flatnonzero(first != convert("earliest", "latest"))
    if len(skipped):
        row = int(skipped[0])
        time = np.datetime_as_string(local.to_numpy()[row], unit="s")
        raise CellError(row, f"expected a time of {zone}; got {time}, which daylight saving skips. "
                             "Change the cell, or dataset.target.zone.")  # fmt: skip
    order = np.lexsort((np.arange(len(keys)), keys, series))
    again = np.zeros(len(keys), np.bool_)  # the row before has the same series and time
    again[order[1:]] = (np.diff(series[order]) == 0) & (np.diff(keys[order]) == 0)
    return np.where(again, last, first)


def find_frequency(gaps: Keys, keys: Keys, clock: Clock) -> Frequency:
    """Return the distance of two steps: that which is most common, of which all others are whole
    multiples; or whole months.

    Args:
        gaps: distances of steps that follow each other in a series, above 0.
        keys: of all steps.

    Raises:
        DataError: the steps are on no regular grid.
    """
    if not len(gaps):
        raise DataError(f"{SETTING}: expected series of several steps; got one step each. Change "
                        "dataset.target.series.")  # fmt: skip
    distances, counts = np.unique(gaps, return_counts=True)
    step = int(distances[counts.argmax()])
    if not (distances % step).any():
        return Frequency(step=step, unit="number" if clock.is_number else "microseconds")
    if not clock.is_number and step >= 28 * DAY:
        months, remainders = to_months(keys)
        if len(np.unique(remainders)) == 1:
            return Frequency(step=int(np.gcd.reduce(np.diff(np.unique(months)))), unit="months")
    wrong = distances[distances % step != 0]
    raise DataError(
        f"{SETTING}: expected steps on a regular grid of {describe_step(step, clock)}, the most "
        f"common distance; got {describe_step(int(wrong[0]), clock)} between two of them. Resample "
        "the file, set dataset.target.series, or set dataset.target.zone if daylight saving "
        "moves the clock."
    )
