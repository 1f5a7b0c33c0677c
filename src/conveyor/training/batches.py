"""Which rows make which batch: little padding, a new order each epoch, every row once."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split
from conveyor.encoding.ragged import Lengths, RowNumbers, Values, batches_by_length

# values (rows, steps, channels) float32 or (rows, steps) int32, lengths (rows,), labels (rows,)
Batch = tuple[Values, Lengths, NDArray[np.int32]]


def plan(
    lengths: Lengths, *, batch_size: int, bucket_batches: int, seed: int, epoch: int
) -> list[RowNumbers]:
    """Batches of one epoch, a pure function of its arguments, whatever was drawn before.

    Rows are shuffled, cut into pools of `bucket_batches` batches, sorted by length inside each
    pool and cut into batches, which are shuffled again: rows of like length share a batch, in
    other company each epoch.

    >>> [b.tolist() for b in plan(np.array([3, 9, 3, 9]), batch_size=2, bucket_batches=2, seed=1,
    ...  epoch=0)]
    [[3, 1], [0, 2]]

    Returns:
        Row numbers of each batch; all rows, each once; one batch may be smaller than the rest.
    """
    draw = np.random.default_rng([seed, epoch])
    order = draw.permutation(len(lengths))
    pool = batch_size * bucket_batches
    batches = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        batches += [rows[some] for some in batches_by_length(lengths[rows], batch_size)]
    return [batches[i] for i in draw.permutation(len(batches))]


def padded_share(lengths: Lengths, batches: Sequence[RowNumbers]) -> float:
    """Share of the steps in these batches that are padding."""
    steps = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    return 1.0 - float(lengths.sum()) / steps


def folds(labels: NDArray[Any], count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, 0 to count - 1; every class is spread over all folds."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    found = np.empty(len(labels), dtype=np.int64)
    found[order] = np.arange(len(labels)) % count
    return found


class Epochs:
    """Splits behind one another, as batches; rows are read from the memory-mapped store."""

    def __init__(self, splits: Sequence[Split], classes: int) -> None:
        self.splits, self.classes = splits, classes
        self.labels = np.concatenate([split.labels for split in splits]).astype(np.int32)
        self.lengths = np.concatenate([split.sequences.lengths for split in splits])
        self._ends = np.cumsum([len(split.labels) for split in splits])
        self._kept = np.arange(len(self.labels))

    def only(self, kept: NDArray[np.bool_]) -> "Epochs":
        """Some of the rows; the mask is one of all of them."""
        some = Epochs(self.splits, self.classes)
        some._kept = np.flatnonzero(kept)
        some.labels, some.lengths = self.labels[kept], self.lengths[kept]
        return some

    def training(
        self, *, batch_size: int, bucket_batches: int, seed: int, epoch: int
    ) -> Iterator[Batch]:
        """Batches in the order of `plan`."""
        order = plan(
            self.lengths,
            batch_size=batch_size,
            bucket_batches=bucket_batches,
            seed=seed,
            epoch=epoch,
        )
        return self._batches(order)

    def validation(self, *, batch_size: int) -> Iterator[Batch]:
        """All rows, shortest first."""
        return self._batches(batches_by_length(self.lengths, batch_size))

    def _batches(self, order: Sequence[RowNumbers]) -> Iterator[Batch]:
        like = self.splits[0].sequences.values[:0]
        for rows in order:
            lengths = self.lengths[rows]
            values = np.zeros((len(rows), lengths.max(), *like.shape[1:]), like.dtype)
            every = self._kept[rows]
            parts = np.searchsorted(self._ends, every, side="right")
            for part in np.unique(parts):
                at = np.flatnonzero(parts == part)
                before = self._ends[part - 1] if part else 0
                self.splits[part].sequences.fill(values, at, every[at] - before)
            yield values, lengths, self.labels[rows]
