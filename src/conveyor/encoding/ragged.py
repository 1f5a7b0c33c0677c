"""Rows of unequal length in two flat arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[Any]  # int32 tokens, or float32 channels
Lengths = NDArray[np.int32]
RowNumbers = NDArray[np.int64]  # numbers of rows


@dataclass(frozen=True)
class Ragged:
    """Encoded sequences, one behind the other; either array may be memory-mapped.

    Attributes:
        values: tokens, int32 (steps,), or series, float32 (steps, channels), of all rows.
        offsets: int64 (rows + 1,); row i is values[offsets[i]:offsets[i + 1]], at least one step
            where it is what an encoder gives.
    """

    values: Values
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Lengths:
        """Steps of each row, int32 (rows,)."""
        return np.diff(self.offsets).astype(np.int32)

    def __getitem__(self, row: int) -> Values:
        """One row, a view."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def padded(self, rows: Iterable[int]) -> tuple[Values, Lengths]:
        """Some rows as one batch; see `pad`."""
        return pad([self[row] for row in rows])

    def fill(self, batch: Values, at: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Write some rows into a batch (rows, longest, ...), row `rows[i]` as its `at[i]`-th."""
        starts, ends = self.offsets[rows], self.offsets[rows + 1]
        lengths = ends - starts
        step = np.arange(lengths.sum()) - np.repeat(_offsets(lengths)[:-1], lengths)
        batch[np.repeat(at, lengths), step] = self.values[np.repeat(starts, lengths) + step]

    def first(self, rows: int) -> "Ragged":
        """The first rows, as views."""
        return Ragged(self.values[: self.offsets[rows]], self.offsets[: rows + 1])

    def cut(self, longest: int | None, filling: int) -> "Ragged":
        """Each row's first `longest` steps (None: all); a row without any becomes one `filling`."""
        lengths = np.diff(self.offsets)
        if len(lengths) and lengths.min() > 0 and lengths.max() <= (longest or lengths.max()):
            return self
        kept = lengths if longest is None else np.minimum(lengths, longest)
        offsets = _offsets(np.maximum(kept, 1))
        values = np.full((offsets[-1], *self.values.shape[1:]), filling, self.values.dtype)
        step = np.arange(kept.sum()) - np.repeat(_offsets(kept)[:-1], kept)
        source, target = (np.repeat(o[:-1], kept) + step for o in (self.offsets, offsets))
        values[target] = self.values[source]
        return Ragged(values, offsets)

    @classmethod
    def of(cls, rows: Sequence[Values]) -> "Ragged":
        """Join rows of shape (steps,) or (steps, channels)."""
        return cls(np.concatenate(rows), _offsets([len(row) for row in rows]))

    @classmethod
    def joined(cls, values: Values, lengths: ArrayLike) -> "Ragged":
        """Rows of these lengths that stand behind one another already."""
        return cls(values, _offsets(lengths))

    @classmethod
    def merged(cls, mask: NDArray[np.bool_], one: "Ragged", other: "Ragged") -> "Ragged":
        """The rows of `one` where `mask` (rows,) is true, those of `other` elsewhere, in order."""
        lengths = np.empty(len(mask), np.int64)
        lengths[mask], lengths[~mask] = np.diff(one.offsets), np.diff(other.offsets)
        steps = np.repeat(mask, lengths)
        values = np.empty((len(steps), *one.values.shape[1:]), one.values.dtype)
        values[steps], values[~steps] = one.values, other.values
        return cls.joined(values, lengths)


def _offsets(lengths: ArrayLike) -> NDArray[np.int64]:
    offsets = np.zeros(len(np.asarray(lengths)) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def batches_by_length(lengths: Lengths, batch_size: int) -> list[RowNumbers]:
    """Batches in order of length, for passes where the order changes nothing."""
    order = np.argsort(lengths, kind="stable")
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]


def pad(rows: Sequence[Values]) -> tuple[Values, Lengths]:
    """Rows as one batch, padded with zeros on the right to the longest of them.

    Returns:
        values (batch, longest) or (batch, longest, channels), and lengths int32 (batch,).
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int32)
    batch = np.zeros((len(rows), lengths.max(), *rows[0].shape[1:]), dtype=rows[0].dtype)
    for at, row in enumerate(rows):
        batch[at, : len(row)] = row
    return batch, lengths
