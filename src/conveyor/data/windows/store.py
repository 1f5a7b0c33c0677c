"""The store of windows on disk: memory-mapped steps of all series, and the origins of each split.

steps.npy (encoded) and raw.npy have a row for each step, keys.npy its time; SPLIT/origins.npy the
steps at which forecasts begin, SPLIT/blocks.npy those whose horizons do not overlap; series.json
the names of the series, their places, and the scale of each column by which errors are divided.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.data.windows.clock import Clock, Keys
from conveyor.encoding.windows import Origins, RawWindows, Windows, WindowTargets
from conveyor.tasks.window import Window

ORIGINS, BLOCKS = "origins.npy", "blocks.npy"
BETWEEN = "between"  # origins of no split, whose horizon has steps on both sides of a cut


@dataclass(frozen=True)
class WindowStore:
    """The open store.

    Attributes:
        raw: float32 (steps, channels): columns, and the calendar as numbers.
        steps: float32 (steps, features).
        errors: of the seasonal naive forecast of the training steps, (series, columns).
    """

    raw: NDArray[np.float32]
    steps: NDArray[np.float32]
    keys: Keys
    names: list[str]
    offsets: NDArray[np.int64]
    errors: NDArray[np.float64]
    clock: Clock
    window: Window

    @classmethod
    def open(cls, folder: Path, window: Window) -> "WindowStore":
        values: dict[str, Any] = files.read_json(folder / "series.json")
        raw, steps, keys = (
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("raw", "steps", "keys")
        )
        clock = Clock(values["is_number"], values["zone"])
        offsets, errors = np.array(values["offsets"]), np.array(values["errors"])
        return cls(raw, steps, keys, values["names"], offsets, errors, clock, window)

    def sequences(self, origins: Origins) -> Windows:
        return Windows(self.steps, origins, self.window)

    def rows(self, origins: Origins) -> RawWindows:
        return RawWindows(self.raw, origins, self.window)

    def targets(self, origins: Origins) -> WindowTargets:
        columns = self.raw[:, : self.window.targets]
        return WindowTargets(columns, origins, self.window, self._marks)

    def ids(self, origins: Origins) -> list[str]:
        """Return the name of the series and the time of each origin."""
        times = self.clock.describe(np.asarray(self.keys[origins]))
        names = [self.names[number] for number in self._series(origins).tolist()]
        return [f"{name}@{time}" if name else time for name, time in zip(names, times, strict=True)]

    def _series(self, origins: Origins) -> NDArray[np.int64]:
        return np.searchsorted(self.offsets, origins, side="right") - 1

    def _marks(self, origins: Origins) -> NDArray[np.float64]:
        """Return error of the naive forecast, series and time of each row, (rows, columns, 3)."""
        series = self._series(origins)
        errors = self.errors[series]  # (rows, columns)
        others = np.stack([series, self.keys[origins]], axis=1)[:, None].astype(np.float64)
        others = np.broadcast_to(others, (*errors.shape, 2))
        return np.concatenate([errors[:, :, None], others], axis=2)


class WindowIds:
    """The ids of a split, made when they are asked for."""

    def __init__(self, store: WindowStore, origins: Origins) -> None:
        self._store, self._origins = store, origins

    def to_pylist(self) -> list[str]:
        return self._store.ids(self._origins)
