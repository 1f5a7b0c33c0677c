"""Which rows make which batch: little padding, a new order each epoch, every row once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from conveyor.data.store import Split
from conveyor.encoding.ragged import Lengths, Values, pad

Rows = NDArray[np.int64]
Batch = tuple[dict[str, Any], NDArray[np.float32]]


def plan(
    lengths: Lengths, *, batch_size: int, bucket_batches: int, seed: int, epoch: int
) -> list[Rows]:
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
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    return [batches[i] for i in draw.permutation(len(batches))]


def by_length(lengths: Lengths, batch_size: int) -> list[Rows]:
    """Batches in order of length, for passes where the order changes nothing."""
    order = np.argsort(lengths, kind="stable")
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]


def padded_share(lengths: Lengths, batches: Sequence[Rows]) -> float:
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
    """Splits behind one another as a tf.data set whose order follows `epoch`.

    Set `epoch` before each pass. Rows are read from the memory-mapped store batch by batch.
    """

    def __init__(self, splits: Sequence[Split], classes: int) -> None:
        self.splits = splits
        self.labels = np.concatenate([split.labels for split in splits])
        self.lengths = np.concatenate([split.sequences.lengths for split in splits])
        self.one_hot = np.eye(classes, dtype=np.float32)
        self.epoch = 0
        self._ends = np.cumsum([len(split.labels) for split in splits])
        self._kept = np.arange(len(self.labels))

    def only(self, kept: NDArray[np.bool_]) -> "Epochs":
        """Some of the rows; the mask is one of all of them."""
        some = Epochs(self.splits, len(self.one_hot))
        some._kept = np.flatnonzero(kept)
        some.labels, some.lengths = self.labels[kept], self.lengths[kept]
        return some

    def training(self, *, batch_size: int, bucket_batches: int, seed: int) -> tf.data.Dataset:
        """Batches in the order of `plan` for the present `epoch`."""

        def batches() -> Iterator[Batch]:
            order = plan(
                self.lengths,
                batch_size=batch_size,
                bucket_batches=bucket_batches,
                seed=seed,
                epoch=self.epoch,
            )
            yield from self._batches(order)

        return self._dataset(batches, count=-(-len(self.lengths) // batch_size))

    def validation(self, *, batch_size: int) -> tf.data.Dataset:
        """All rows, shortest first."""
        order = by_length(self.lengths, batch_size)
        return self._dataset(lambda: self._batches(order), count=len(order))

    def _batches(self, order: Sequence[Rows]) -> Iterator[Batch]:
        for rows in order:
            values, lengths = pad([self._row(row) for row in rows])
            yield {"values": values, "lengths": lengths}, self.one_hot[self.labels[rows]]

    def _row(self, row: int) -> Values:
        row = int(self._kept[row])
        part = int(np.searchsorted(self._ends, row, side="right"))
        before = int(self._ends[part - 1]) if part else 0
        return self.splits[part].sequences[row - before]

    def _dataset(self, batches: Callable[[], Iterator[Batch]], *, count: int) -> tf.data.Dataset:
        values = self.splits[0].sequences.values
        signature = (
            {
                "values": tf.TensorSpec((None, None, *values.shape[1:]), values.dtype),
                "lengths": tf.TensorSpec((None,), tf.int32),
            },
            tf.TensorSpec((None, len(self.one_hot)), tf.float32),
        )
        dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
        options = tf.data.Options()
        # Several devices split each batch; there are no files to share out among them.
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        options.deterministic = True
        # Nothing here has a setting to tune, and the tuner's threads keep each pass waiting at its
        # begin and end: an epoch of a quarter of a second took a third on one core.
        options.autotune.enabled = False
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
        return dataset.with_options(options).prefetch(2)
