"""Raw windows of series to encoded ones: scaled columns, the calendar as sines, flags."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesEncoding
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.row_error import RowError
from conveyor.encoding.series import SeriesEncoder
from conveyor.encoding.windows import hide_future
from conveyor.tasks.window import Window

PERIODS = {"hour": 24, "weekday": 7, "month": 12}  # of the calendar's features


class WindowEncoder(SeriesEncoder):
    """Scales the columns by the training steps, and makes every row one window.

    A raw row has the last steps of a series, each with the columns and the features of the calendar
    as numbers (hour 0 to 23, weekday 0 to 6 from Monday on, month 1 to 12). If anything is known
    ahead, the steps of the horizon follow, in which the other columns are missing. A longer row
    loses its oldest steps; in a shorter one these are missing.

    Args:
        scaling: of the columns; it fills nothing.
        calendar: names of PERIODS.
    """

    kind = "windows"

    def __init__(self, scaling: SeriesEncoder, window: Window, calendar: Sequence[str]) -> None:
        super().__init__(scaling.shift, scaling.scale, None, "mask", scaling.mean)
        self.window, self.calendar = window, list(calendar)
        self.notes = scaling.notes

    @classmethod
    def fit_steps(
        cls,
        steps: NDArray[np.float32],
        config: SeriesEncoding,
        window: Window,
        calendar: Sequence[str],
    ) -> "WindowEncoder":
        """Read training steps (steps, columns) once."""
        return cls(SeriesEncoder.fit([steps], config), window, calendar)

    @property
    def channels(self) -> int:
        """Numbers of a raw step."""
        return self.window.columns + len(self.calendar)

    @property
    def size(self) -> dict[str, int]:
        return {"features": self.window.features}

    def blank_values(self, values: NDArray[Any]) -> NDArray[Any]:
        """The mean of the training steps, at no time of the calendar. What is missing remains so:
        the network takes level and spread of the steps that are there."""
        columns, flags = self.window.columns, self.window.flags
        blank = np.zeros_like(values)
        blank[:, flags:] = values[:, flags:]
        is_present = values[:, flags:] == 0
        blank[:, :columns] = np.where(is_present, self._scale(self.mean), 0)
        return blank

    @property
    def feature_channels(self) -> NDArray[np.int64]:
        """A time of the calendar has two features, and a flag is of its column."""
        columns = np.arange(self.window.columns)
        calendar = self.window.columns + np.arange(self.window.calendar) // 2
        return np.concatenate([columns, calendar, columns])

    @property
    def shortest_sequence(self) -> NDArray[np.float64]:
        """One step before the origin, and those that are known ahead."""
        row = np.ones((1 + self.window.future, self.channels))
        row[1:, : self.window.hidden] = np.nan
        return row

    def check_sequence(self, sequence: Any) -> NDArray[np.float64]:
        """Return a raw row as an array (steps, channels).

        Raises:
            RowError: as `SeriesEncoder.check_sequence`; there is no step before the origin, no
                value of a target, a value that cannot be known yet, or no calendar.
        """
        series, window = super().check_sequence(sequence), self.window
        before = max(0, len(series) - window.future)
        if not before:
            raise RowError(
                f"expected the {window.future} steps that are known ahead after at least one step "
                f"of the past; got {len(series)} steps"
            )
        recent = series[max(0, before - window.context) : before]
        for column in range(window.targets):
            if np.isnan(recent[:, column]).all():
                raise RowError(
                    f"expected a value of target {column} (from 0) in the last {window.context} "
                    "steps; got none"
                )
        if not np.isnan(series[before:, : window.hidden]).all():
            raise RowError(
                f"expected the last {window.future} steps to be those of the horizon, in which the "
                f"first {window.hidden} channels are null; got numbers"
            )
        if np.isnan(series[:, window.columns :]).any():
            raise RowError(f"expected {' and '.join(self.calendar)} in each step; got null")
        return series

    def encode_steps(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Encode raw steps (steps, channels) one by one: (steps, features)."""
        numbers = values[:, : self.window.columns].astype(np.float64)
        missing = np.isnan(numbers)
        scaled = self._scale(np.where(missing, self.mean, numbers))
        scaled[missing] = 0
        parts = [scaled]
        for position, name in enumerate(self.calendar, start=self.window.columns):
            angle = 2 * np.pi * values[:, position].astype(np.float64) / PERIODS[name]
            parts += [np.stack([np.sin(angle), np.cos(angle)], axis=1)]
        return np.concatenate([*parts, missing], axis=1, dtype=np.float32)

    def finish(self, rows: Ragged) -> Ragged:
        """One window for each raw row: (rows x steps, features)."""
        window = self.window
        batch = np.zeros((len(rows), window.steps, window.features), np.float32)
        batch[:, :, window.flags :] = 1  # before the first step all is missing
        for number in range(len(rows)):
            steps = rows[number][-window.steps :]
            batch[number, window.steps - len(steps) :] = self.encode_steps(steps)
        hide_future(batch, window)
        lengths = np.full(len(rows), window.steps)
        return Ragged.from_lengths(batch.reshape(-1, window.features), lengths)

    def encode_one(self, sequence: NDArray[np.float64]) -> NDArray[np.float32]:
        return self.finish(Ragged.from_lengths(sequence, [len(sequence)]))[0]

    def shift_of(self, sequence: NDArray[np.float64]) -> NDArray[np.float64]:
        """As that of a series; the calendar never shifts."""
        shift = np.zeros(self.channels)
        shift[: self.window.columns] = super().shift_of(sequence[:, : self.window.columns])
        return shift

    def to_json(self) -> dict[str, Any]:
        shape = {"window": asdict(self.window), "calendar": self.calendar}
        return super().to_json() | shape

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "WindowEncoder":
        window = Window(**value["window"])
        return cls(SeriesEncoder.from_json(value), window, value["calendar"])
