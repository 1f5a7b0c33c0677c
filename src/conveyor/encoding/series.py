"""Series to scaled float32 steps."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from conveyor.config.dataset import SeriesEncoding
from conveyor.encoding.encoder import Encoder, RowError
from conveyor.encoding.ragged import Ragged
from conveyor.errors import InputError


class SeriesEncoder(Encoder):
    """Per-channel scaling, fitted on training series: (x - shift) / scale."""

    kind = "series"
    column = "series"
    unit = "steps"
    empty_row = ()
    tensor_types = ("FP64", "FP32")

    def __init__(
        self, shift: NDArray[np.float64], scale: NDArray[np.float64], max_length: int | None
    ) -> None:
        self.shift, self.scale, self.max_length = shift, scale, max_length

    @classmethod
    def fit(cls, series: Iterable[NDArray[np.floating]], config: SeriesEncoding) -> "SeriesEncoder":
        """Read training series (steps, channels) once; all their steps count alike.

        "standard" gives each channel mean 0 and deviation 1, "minmax" the range 0 to 1; a channel
        that never changes becomes 0. Moments are merged series by series (Chan et al. 1979),
        since a plain sum of squares loses all digits of a large, steady channel.

        Raises:
            InputError: no series has a step.
        """
        count = 0
        mean = squares = low = high = np.empty(0)  # squares: sum of squared deviations
        for row in series:
            steps = np.asarray(row, dtype=np.float64)  # (steps, channels)
            if not len(steps):
                continue
            row_mean = steps.mean(axis=0)
            row_squares = ((steps - row_mean) ** 2).sum(axis=0)
            if not count:
                mean, squares = row_mean, row_squares
                low, high = steps.min(axis=0), steps.max(axis=0)
            else:
                total = count + len(steps)
                squares = (
                    squares + row_squares + (row_mean - mean) ** 2 * count * len(steps) / total
                )
                mean = mean + (row_mean - mean) * len(steps) / total
                low, high = np.minimum(low, steps.min(0)), np.maximum(high, steps.max(0))
            count += len(steps)
        if not count:
            raise InputError(
                "the training rows: expected a series with a step; got none. Change the files, or "
                "dataset.columns."
            )
        shift, scale = {
            "standard": (mean, np.sqrt(squares / count)),
            "minmax": (low, high - low),
            "none": (np.zeros_like(mean), np.ones_like(mean)),
        }[config.scaling]
        return cls(shift, np.where(scale > 0, scale, 1.0), config.max_length)

    @property
    def channels(self) -> int:
        """Numbers of a step."""
        return len(self.shift)

    @property
    def size(self) -> dict[str, int]:
        """`features`: the channels."""
        return {"features": self.channels}

    @property
    def tensor_shape(self) -> list[int]:
        """(rows, steps, channels)."""
        return [-1, -1, self.channels]

    def check_row(self, row: Any) -> NDArray[np.float64]:
        """Return one row as a finite array (steps, channels).

        Raises:
            RowError: it is no list of steps, a step has another width, or a number is not finite.
        """
        expected = f"expected a list of steps of {self.channels} numbers each"
        try:
            series = _as_array(row)
        except (TypeError, ValueError):
            raise RowError(f"{expected}; got {_describe(row)}") from None
        if series.size == 0:
            return np.zeros((0, self.channels))
        if series.ndim != 2 or series.shape[1] != self.channels:
            raise RowError(f"{expected}; got an array of shape {series.shape}")
        if not np.isfinite(series).all():
            raise RowError(f"{expected}; got NaN or infinity")
        return series

    def read_rows(self, rows: Sequence[ArrayLike]) -> Ragged:
        """Steps of each series, float64 (steps, channels)."""
        steps = [np.asarray(row, dtype=np.float64).reshape(-1, self.channels) for row in rows]
        return Ragged.from_lengths(np.concatenate(steps), [len(row) for row in steps])

    def read_arrow(self, column: pa.Array) -> Ragged:
        """Steps of a column of lists of lists of numbers, a view of Arrow's memory."""
        lengths = np.diff(np.from_dlpack(column.offsets))
        numbers = np.from_dlpack(column.flatten().flatten())
        return Ragged.from_lengths(numbers.reshape(-1, self.channels), lengths)

    def finish(self, rows: Ragged) -> Ragged:
        """Scaled steps, cut to `max_length`; an empty series becomes one step of zeros."""
        scaled = (rows.values.astype(np.float64) - self.shift) / self.scale
        return Ragged(scaled.astype(np.float32), rows.offsets).cut(self.max_length, 0)

    def encode_one(self, row: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode one series (steps, channels), as `encode` does."""
        scaled = ((row[: self.max_length] - self.shift) / self.scale).astype(np.float32)
        return scaled if len(scaled) else np.zeros((1, self.channels), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Shift and scale of each channel."""
        return {
            "max_length": self.max_length,
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "SeriesEncoder":
        """Restore an encoder from the values of `to_json`."""
        return cls(np.array(value["shift"]), np.array(value["scale"]), value["max_length"])


def _as_array(row: Any) -> NDArray[np.float64]:
    if isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.dtype != object):
        return np.asarray(row, dtype=np.float64)
    # MLflow passes nested lists as arrays of arrays, which NumPy cannot join at once.
    return np.array([np.asarray(step, dtype=np.float64) for step in row], dtype=np.float64)


def _describe(row: Any) -> str:
    if isinstance(row, list):
        return "a list that is no list of steps of equal width"
    return f"a value of type {type(row).__name__}"
