"""Series to scaled float32 steps."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conveyor import files
from conveyor.encoding.ragged import Ragged

if TYPE_CHECKING:  # Pydantic would be half of a server's imports
    from conveyor.config.dataset import SeriesEncoding


class SeriesEncoder:
    """Per-channel scaling, fitted on training series: (x - shift) / scale."""

    kind: ClassVar[Literal["series"]] = "series"

    def __init__(
        self, shift: NDArray[np.float64], scale: NDArray[np.float64], max_length: int | None
    ) -> None:
        self.shift, self.scale, self.max_length = shift, scale, max_length

    @classmethod
    def fit(
        cls, series: Iterable[NDArray[np.floating]], config: "SeriesEncoding"
    ) -> "SeriesEncoder":
        """Read training series (steps, channels) once; all their steps count alike.

        "standard" gives each channel mean 0 and deviation 1, "minmax" the range 0 to 1; a channel
        that never changes becomes 0. Moments are merged series by series (Chan et al. 1979),
        since a plain sum of squares loses all digits of a large, steady channel.
        """
        count = 0
        mean = spread = low = high = np.empty(0)
        for one in series:
            steps = np.asarray(one, dtype=np.float64)
            if not len(steps):
                continue
            m, s = steps.mean(axis=0), ((steps - steps.mean(axis=0)) ** 2).sum(axis=0)
            if not count:
                mean, spread, low, high = m, s, steps.min(axis=0), steps.max(axis=0)
            else:
                total = count + len(steps)
                spread = spread + s + (m - mean) ** 2 * count * len(steps) / total
                mean = mean + (m - mean) * len(steps) / total
                low, high = np.minimum(low, steps.min(0)), np.maximum(high, steps.max(0))
            count += len(steps)
        if not count:
            raise ValueError("no training series has a single step; there is nothing to scale by")
        shift, scale = {
            "standard": (mean, np.sqrt(spread / count)),
            "minmax": (low, high - low),
            "none": (np.zeros_like(mean), np.ones_like(mean)),
        }[config.scaling]
        return cls(shift, np.where(scale > 0, scale, 1.0), config.max_length)

    def encode_one(self, steps: NDArray[np.float64]) -> NDArray[np.float32]:
        """As `encode`, of one series (steps, channels): half of a request's time beside the net."""
        scaled = ((steps[: self.max_length] - self.shift) / self.scale).astype(np.float32)
        return scaled if len(scaled) else np.zeros((1, self.channels), np.float32)

    @property
    def channels(self) -> int:
        return len(self.shift)

    def encode(self, rows: Sequence[ArrayLike]) -> Ragged:
        """Scaled steps, cut to `max_length`; an empty series becomes one step of zeros."""
        steps = [np.asarray(row, dtype=np.float64).reshape(-1, self.channels) for row in rows]
        return self.fitting(Ragged.of(steps))

    def fitting(self, steps: Ragged) -> Ragged:
        """What `encode` makes of these steps, of shape (steps, channels)."""
        scaled = (steps.values.astype(np.float64) - self.shift) / self.scale
        return Ragged(scaled.astype(np.float32), steps.offsets).cut(self.max_length, 0)

    def save(self, path: Path) -> None:
        value = {
            "kind": self.kind,
            "max_length": self.max_length,
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
        }
        files.write_json(path, value)

    @classmethod
    def restore(cls, value: dict[str, Any]) -> "SeriesEncoder":
        return cls(np.array(value["shift"]), np.array(value["scale"]), value["max_length"])
