"""The store of windows on disk: memory-mapped steps of all series, and the origins of each split.

steps.npy (encoded) and raw.npy have a row for each step, keys.npy its time; SPLIT/origins.npy the
steps at which forecasts begin, SPLIT/blocks.npy those whose horizons do not overlap; series.json
the names of the series, their places, the scale of each column by which errors are divided and the
values of static columns, of which static.npy has the encoded ones.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.data.windows.clock import Clock, Keys
from conveyor.encoding.window_encoder import WindowEncoder
from conveyor.encoding.windows import Origins, RawWindows, SeriesInputs, Windows, WindowTargets
from conveyor.raw_row import MISSING
from conveyor.tasks.window import Window

ORIGINS, BLOCKS = "origins.npy", "blocks.npy"
STATIC = "static.npy"  # encoded static columns of each series, (series, width)
BETWEEN = "between"  # origins of no split, whose horizon has steps on both sides of a cut


@dataclass(frozen=True)
class WindowStore:
    """The open store.

    Attributes:
        raw: float32 (steps, channels): columns, and the calendar as numbers.
        steps: float32 (steps, features).
        errors: of the seasonal naive forecast of the training steps, (series, columns).
        static: values of the static columns of each series; None where there are none.
        static_inputs: the same encoded, (series, width).
    """

    raw: NDArray[np.float32]
    steps: NDArray[np.float32]
    keys: Keys
    names: list[str]
    offsets: NDArray[np.int64]
    errors: NDArray[np.float64]
    clock: Clock
    window: Window
    static: list[dict[str, Any]] | None = None
    static_inputs: NDArray[np.float32] | None = None

    @classmethod
    def open(cls, folder: Path, encoder: WindowEncoder) -> "WindowStore":
        values: dict[str, Any] = files.read_json(folder / "series.json")
        raw, steps, keys = (
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("raw", "steps", "keys")
        )
        clock = Clock(values["is_number"], values["zone"])
        offsets, errors = np.array(values["offsets"]), np.array(values["errors"])
        static = inputs = None
        if "static" in values:
            inputs = np.load(folder / STATIC, allow_pickle=False)
            static = list_static(values["static"], encoder)
        return cls(
            raw, steps, keys, values["names"], offsets, errors, clock, encoder.window, static,
            inputs,
        )  # fmt: skip

    def sequences(self, origins: Origins) -> Windows:
        return Windows(self.steps, origins, self.window)

    def rows(self, origins: Origins) -> RawWindows:
        static = None if self.static is None else self._static_of
        return RawWindows(self.raw, origins, self.window, static)

    def inputs(self, origins: Origins) -> SeriesInputs | None:
        """Return the encoded static columns of each origin; None where there are none."""
        if self.static_inputs is None:
            return None
        return SeriesInputs(self.static_inputs, self._series(origins))

    def _static_of(self, origin: int) -> dict[str, Any]:
        assert self.static is not None
        return self.static[int(self._series(np.array(origin)))]

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


def list_static(rows: list[dict[str, Any]], encoder: WindowEncoder) -> list[dict[str, Any]]:
    """Return the values of the static columns of each series as a raw row has them: a number that
    is null is MISSING."""
    numbers = encoder.static.numbers if encoder.static else ()
    return [
        {name: MISSING if name in numbers and cell is None else cell for name, cell in row.items()}
        for row in rows
    ]


class WindowIds:
    """The ids of a split, made when they are asked for."""

    def __init__(self, store: WindowStore, origins: Origins) -> None:
        self._store, self._origins = store, origins

    def to_pylist(self) -> list[str]:
        return self._store.ids(self._origins)
