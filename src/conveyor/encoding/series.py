"""Series to filled and scaled float32 steps."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from conveyor.config.dataset import SeriesEncoding
from conveyor.encoding.encoder import Encoder
from conveyor.encoding.moments import ChannelMoments
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.row_error import RowError
from conveyor.encoding.series_values import describe_value, parse_series
from conveyor.errors import InputError
from conveyor.raw_row import MAX_NUMBER, MAX_SCALED

MAX_LISTED = 20  # channels in a message


class SeriesEncoder(Encoder):
    """Per-channel scaling, fitted on training series: (x - shift) / scale.

    Attributes:
        missing: what becomes of missing values; see `config.dataset.SeriesEncoding`.
        mean: of each channel in the training rows, (channels,); a channel that has no value in a
            row to carry on is filled with it.
    """

    kind = "series"
    column = "series"
    unit = "steps"
    tensor_types = ("FP64", "FP32")

    def __init__(
        self, shift: NDArray[np.float64], scale: NDArray[np.float64], max_length: int | None,
        missing: str = "refuse", mean: NDArray[np.float64] | None = None,
    ) -> None:  # fmt: skip
        self.shift, self.scale, self.max_length = shift, scale, max_length
        self.missing, self.mean = missing, shift if mean is None else mean

    @classmethod
    def fit(cls, series: Iterable[NDArray[np.floating]], config: SeriesEncoding) -> "SeriesEncoder":
        """Read training series (steps, channels) once; all values that are not missing count alike.

        "standard" gives each channel mean 0 and deviation 1, "minmax" the range 0 to 1; a channel
        that never changes becomes 0.

        Raises:
            InputError: no series has a step, or a channel has no value.
        """
        moments = ChannelMoments()
        for row in series:
            moments.add(np.asarray(row, dtype=np.float64))
        if not moments.count.size:
            raise InputError(
                "the training rows: expected a series with a step; got none. Change the files, or "
                "dataset.columns."
            )
        if not moments.count.all():
            channel = int(np.argmin(moments.count))
            raise InputError(
                f"the training rows: expected values in each channel; channel {channel} (from 0) "
                "has none. Remove it from dataset.columns, or from the files."
            )
        mean = moments.mean
        shift, scale = {
            "standard": (mean, np.sqrt(moments.squares / moments.count)),
            "minmax": (moments.low, moments.high - moments.low),
            "none": (np.zeros_like(mean), np.ones_like(mean)),
        }[config.scaling]
        scale = moments.replace_constant(scale)
        encoder = cls(shift, scale, config.max_length, config.missing, mean)
        if not moments.varies.all():
            constant = ", ".join(map(str, np.flatnonzero(~moments.varies)[:MAX_LISTED].tolist()))
            encoder.notes = [
                f"channels that never change in the training rows, by number from 0: {constant}"
            ]
        return encoder

    @property
    def channels(self) -> int:
        """Numbers of a raw step."""
        return len(self.shift)

    @property
    def accepts_missing(self) -> bool:
        """Unless they are refused."""
        return self.missing != "refuse"

    @property
    def size(self) -> dict[str, int]:
        """`features`: the channels, twice where each has an indicator."""
        return {"features": self.channels * (2 if self.missing == "mask" else 1)}

    def blank_values(self, values: NDArray[Any]) -> NDArray[Any]:
        """The mean of the training steps, of which none is missing."""
        blank = np.zeros_like(values)
        blank[:, : self.channels] = self._scale(self.mean)
        return blank

    @property
    def feature_channels(self) -> NDArray[np.int64]:
        """An indicator is of its channel."""
        return np.arange(self.size["features"]) % self.channels

    @property
    def shortest_sequence(self) -> NDArray[np.float64]:
        """One step."""
        return np.zeros((1, self.channels))

    @property
    def tensor_shape(self) -> list[int]:
        """(rows, steps, channels)."""
        return [-1, -1, self.channels]

    def check_sequence(self, sequence: Any) -> NDArray[np.float64]:
        """Return one series as an array (steps, channels).

        Raises:
            RowError: it is no list of steps, it has none, a step has another width, a number is
                infinite in float32, or one is missing and `missing` is "refuse".
        """
        expected = f"expected a list of steps of {self.channels} numbers each"
        try:
            series = parse_series(sequence)
        except (TypeError, ValueError):
            raise RowError(f"{expected}; got {describe_value(sequence)}") from None
        if not len(series):
            raise RowError(f"{expected}; got no step")
        if series.shape[1] != self.channels:
            raise RowError(f"{expected}; got an array of shape {series.shape}")
        if not (np.abs(series) <= MAX_NUMBER).all():
            if (np.abs(series) > MAX_NUMBER).any():
                raise RowError(f"{expected}; got infinity, or more than {MAX_NUMBER:.2g}")
            if self.missing == "refuse":
                raise RowError(
                    f"{expected}; got a missing value (null or NaN). The model accepts such rows "
                    "if it is trained with dataset.encoding.missing: forward or mask"
                )
        return series

    def read_sequences(self, sequences: Sequence[ArrayLike]) -> Ragged:
        """Steps of each series, float64 (steps, channels)."""
        series = [np.asarray(each, dtype=np.float64) for each in sequences]
        steps = [each.reshape(-1, self.channels) for each in series]
        return Ragged.from_lengths(np.concatenate(steps), list(map(len, steps)))

    def read_arrow(self, column: pa.Array) -> Ragged:
        """Steps of a column of lists of lists of numbers, a view of Arrow's memory."""
        lengths = np.diff(np.from_dlpack(column.offsets))
        numbers = np.from_dlpack(column.flatten().flatten())
        return Ragged.from_lengths(numbers.reshape(-1, self.channels), lengths)

    def finish(self, rows: Ragged) -> Ragged:
        """Filled and scaled steps (steps, features), cut to `max_length`."""
        values = rows.values.astype(np.float64)
        missing = np.isnan(values)
        if missing.any():
            values = carry_forward(values, rows.offsets) if self.missing == "forward" else values
            values = np.where(np.isnan(values), self.mean, values)
        scaled = self._scale(values)
        if self.missing == "mask":
            scaled = np.concatenate([scaled, missing.astype(np.float32)], axis=1)
        return Ragged(scaled, rows.offsets).cut(self.max_length, 0)

    def encode_one(self, sequence: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode one series (steps, channels), as `encode` does."""
        if self.missing != "refuse":
            return self.finish(Ragged.from_lengths(sequence, [len(sequence)]))[0]
        return self._scale(sequence[: self.max_length])

    def shift_of(self, sequence: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the values that are not missing, less that of the training rows."""
        present = ~np.isnan(sequence)
        count = present.sum(axis=0)
        mean = np.where(present, sequence, 0.0).sum(axis=0) / np.maximum(count, 1)
        return np.where(count > 0, (mean - self.mean) / self.scale, np.nan)

    def _scale(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scaled steps (steps, channels); numbers far beyond those of the training rows are cut."""
        scaled = (values - self.shift) / self.scale
        return np.clip(scaled, -MAX_SCALED, MAX_SCALED).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """The policy for missing values, and mean, shift and scale of each channel."""
        return {
            "max_length": self.max_length,
            "missing": self.missing,
            "mean": self.mean.tolist(),
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "SeriesEncoder":
        """Restore an encoder from the values of `to_json`; earlier ones refuse missing values."""
        shift, scale = np.array(value["shift"]), np.array(value["scale"])
        mean = np.array(value.get("mean", shift))
        return cls(shift, scale, value["max_length"], value.get("missing", "refuse"), mean)


def carry_forward(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fill a missing value with that of the step before, at the start of a row with the next one.

    Args:
        values: of all rows, (steps, channels); NaN is missing, and remains where a row has no
            value in a channel.
        offsets: int64 (rows + 1,), as those of `Ragged`.
    """
    lengths = np.diff(offsets)
    starts, ends = np.repeat(offsets[:-1], lengths), np.repeat(offsets[1:] - 1, lengths)
    forward = _carry(values, starts)
    return _carry(forward[::-1], (len(values) - 1 - ends)[::-1])[::-1]


def _carry(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fill each missing value with the last one before it, from `starts` (steps,) on."""
    positions = np.where(np.isnan(values), starts[:, None], np.arange(len(values))[:, None])
    return np.take_along_axis(values, np.maximum.accumulate(positions, axis=0), axis=0)
