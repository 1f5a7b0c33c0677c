"""Rows of different length in two flat arrays."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Steps of a batch that is predicted: long rows share a batch with few others, or with none, so that
# memory does not grow with their length.
PREDICTED_STEPS = 2**17
Values = NDArray[Any]  # int32 tokens, or float32 channels
Lengths = NDArray[np.int32]
RowNumbers = NDArray[np.int64]


class EncodedSequences(Protocol):
    """Encoded rows, of which batches are made: those of `Ragged`, or windows of long series."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int) -> Values: ...
    @property
    def lengths(self) -> Lengths: ...
    @property
    def empty(self) -> Values: ...
    def pad_rows(self, rows: RowNumbers) -> tuple[Values, Lengths]: ...
    def fill(self, batch: Values, positions: RowNumbers, rows: RowNumbers) -> None: ...
    def first(self, rows: int) -> "EncodedSequences": ...


@dataclass(frozen=True)
class Ragged:
    """Sequences in one array, one after the other; both arrays may be memory-mapped.

    Attributes:
        values: of all rows: tokens, int32 (steps,), or series, float32 (steps, channels).
        offsets: int64 (rows + 1,); row i is values[offsets[i]:offsets[i + 1]]. A row of
            `Encoder.encode` has at least one step.
    """

    values: Values
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Lengths:
        """Steps of each row, int32 (rows,)."""
        return np.diff(self.offsets).astype(np.int32)

    @property
    def empty(self) -> Values:
        """No step, with the width and type of the others."""
        return self.values[:0]

    def __getitem__(self, row: int) -> Values:
        """One row, as a view."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def pad_rows(self, rows: RowNumbers) -> tuple[Values, Lengths]:
        """The rows with these numbers as one batch, padded with zeros on the right to the longest.

        Returns:
            values (batch, longest) or (batch, longest, channels), and lengths int32 (batch,).
        """
        lengths = (self.offsets[rows + 1] - self.offsets[rows]).astype(np.int32)
        batch = np.zeros((len(rows), lengths.max(), *self.values.shape[1:]), self.values.dtype)
        self.fill(batch, np.arange(len(rows)), rows)
        return batch, lengths

    def fill(self, batch: Values, positions: RowNumbers, rows: RowNumbers) -> None:
        """Copy row `rows[i]` to `batch[positions[i]]`, for all i.

        Args:
            batch: zeros of shape (rows, longest) or (rows, longest, channels).
        """
        starts, ends = self.offsets[rows], self.offsets[rows + 1]
        lengths = ends - starts
        step = np.arange(lengths.sum()) - np.repeat(_offsets(lengths)[:-1], lengths)
        batch[np.repeat(positions, lengths), step] = self.values[np.repeat(starts, lengths) + step]

    def first(self, rows: int) -> "Ragged":
        """The first rows, as a view."""
        return Ragged(self.values[: self.offsets[rows]], self.offsets[: rows + 1])

    def cut(self, longest: int | None, filling: int) -> "Ragged":
        """The first `longest` steps of each row (None: all); an empty row becomes one `filling`."""
        lengths = np.diff(self.offsets)
        if len(lengths) and lengths.min() > 0 and lengths.max() <= (longest or lengths.max()):
            return self
        cut = lengths if longest is None else np.minimum(lengths, longest)  # (rows,)
        offsets = _offsets(np.maximum(cut, 1))
        values = np.full((offsets[-1], *self.values.shape[1:]), filling, self.values.dtype)
        step = np.arange(cut.sum()) - np.repeat(_offsets(cut)[:-1], cut)
        source, target = (np.repeat(o[:-1], cut) + step for o in (self.offsets, offsets))
        values[target] = self.values[source]
        return Ragged(values, offsets)

    @classmethod
    def from_lengths(cls, values: Values, lengths: ArrayLike) -> "Ragged":
        """Rows of these lengths, whose values are already in one array."""
        return cls(values, _offsets(lengths))

    @classmethod
    def merge(cls, mask: NDArray[np.bool_], first: "Ragged", second: "Ragged") -> "Ragged":
        """The rows of `first` where `mask` (rows,) is true, those of `second` elsewhere."""
        lengths = np.empty(len(mask), np.int64)
        lengths[mask], lengths[~mask] = np.diff(first.offsets), np.diff(second.offsets)
        steps = np.repeat(mask, lengths)
        values = np.empty((len(steps), *first.values.shape[1:]), first.values.dtype)
        values[steps], values[~steps] = first.values, second.values
        return cls.from_lengths(values, lengths)


def _offsets(lengths: ArrayLike) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def batches_by_length(
    lengths: Lengths, batch_size: int, most_steps: int | None = None
) -> list[RowNumbers]:
    """Row numbers in batches of similar length, for passes in which the order does not matter.

    >>> [batch.tolist() for batch in batches_by_length(np.array([2, 9, 3, 1]), 2, most_steps=8)]
    [[3, 0], [2], [1]]

    Args:
        most_steps: of a batch, its padding included; a longer row has a batch of its own.
    """
    order = np.argsort(lengths, kind="stable")
    if most_steps is None:
        return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    batches, start = [], 0
    for end in range(1, len(order) + 1):
        full = end - start == batch_size
        if full or end == len(order) or (end + 1 - start) * int(lengths[order[end]]) > most_steps:
            batches.append(order[start:end])
            start = end
    return batches


def spread_over_lengths(lengths: Lengths, count: int) -> RowNumbers:
    """Up to `count` row numbers, spread evenly from the shortest row to the longest."""
    order = np.argsort(lengths, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)]
