"""Times as numbers: the zone of their clock, the calendar, seasons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.errors import DataError
from conveyor.tasks.forecasting.options import Frequency

Keys = NDArray[np.int64]
DAY = 86_400_000_000  # microseconds
SECOND = 1_000_000
UNITS = {"s": SECOND, "min": 60_000_000, "h": 3_600_000_000, "days": DAY}
SETTING = "dataset.target.time"


@dataclass(frozen=True)
class Clock:
    """What the times of a data set are.

    Attributes:
        is_number: whether they are numbers, and no times.
        zone: in which a day begins and ends; None: that of the times.
    """

    is_number: bool
    zone: str | None

    def to_times(self, keys: Keys) -> pa.Array:
        """Return keys, microseconds since 1970 by the wall clock or of UTC, as local times."""
        times = pa.array(keys, pa.timestamp("us"))
        if self.zone is None:
            return times
        return pc.local_timestamp(pc.assume_timezone(times, "UTC").cast(
            pa.timestamp("us", self.zone)))  # fmt: skip

    def describe(self, keys: Keys) -> list[str]:
        """Return keys as texts: numbers, or ISO 8601."""
        if self.is_number:
            return [str(key) for key in keys.tolist()]
        unit = "us" if (keys % SECOND).any() else "s"
        return np.datetime_as_string(self.to_times(keys).to_numpy(), unit=unit).tolist()

    def to_column(self, keys: Keys) -> list[int] | list[str]:
        """Return keys as the cells of a file: numbers, or texts of ISO 8601."""
        return keys.tolist() if self.is_number else self.describe(keys)


def to_months(keys: Keys) -> tuple[Keys, Keys]:
    """Return the months since 1970 of times in microseconds, and what is left of each month."""
    times = keys.astype("datetime64[us]")
    months = times.astype("datetime64[M]")
    return months.astype(np.int64), (times - months).astype(np.int64)


def describe_step(step: int, clock: Clock) -> str:
    if clock.is_number:
        return str(step)
    unit = [name for name, size in UNITS.items() if step % size == 0][-1:] or ["s"]
    return f"{step / UNITS[unit[0]]:g} {unit[0]}"


def season_of(frequency: Frequency) -> int:
    """Return the steps of the usual season: a day of shorter steps, a week of days, a year of
    months, else 1."""
    if frequency.unit == "months":
        return max(1, 12 // frequency.step)
    if frequency.unit == "number":
        return 1
    season = DAY if frequency.step < DAY else 7 * DAY
    return season // frequency.step if season % frequency.step == 0 else 1


def read_calendar(keys: Keys, clock: Clock, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the features of the calendar as numbers, (steps, features)."""
    if names and clock.is_number:
        raise DataError("dataset.target.calendar: expected [], since the times are numbers; got "
                        f"{', '.join(names)}. Change it.")  # fmt: skip
    functions = {"hour": pc.hour, "weekday": pc.day_of_week, "month": pc.month}
    times = clock.to_times(keys) if names else None
    features = np.zeros((len(keys), len(names)), np.float32)
    for position, name in enumerate(names):
        features[:, position] = functions[name](times).to_numpy()
    return features
