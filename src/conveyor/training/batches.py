"""Assign rows to batches: little padding, a new order each epoch, each row once."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split, join_rows
from conveyor.encoding.network_inputs import NetworkInputs, name_inputs
from conveyor.encoding.ragged import Lengths, RowNumbers, batches_by_length
from conveyor.metrics import Targets
from conveyor.metrics.steps import has_steps, pad_steps

Batch = tuple[NetworkInputs, Targets]  # of the same rows; targets of steps are padded
FEWEST_POOLS = 4  # of an epoch


def plan_batches(
    lengths: Lengths, batch_size: int, bucket_batches: int, seed: int, epoch: int
) -> list[RowNumbers]:
    """Assign rows to the batches of one epoch, as a pure function of the arguments.

    Rows are shuffled, cut into pools of `bucket_batches` batches, sorted by length inside each
    pool and cut into batches, which are shuffled again. Rows of similar length share a batch, and
    each epoch combines them differently: few rows have smaller pools, since a pool of all rows
    would make the same batches in every epoch.

    >>> [b.tolist() for b in plan_batches(np.array([3, 9] * 8), batch_size=2, bucket_batches=2,
    ...  seed=1, epoch=0)]
    [[1, 7], [8, 5], [12, 10], [9, 13], [0, 2], [6, 11], [3, 15], [14, 4]]

    Returns:
        Row numbers of each batch: all rows, each once; one batch may be smaller than the others.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    largest = len(order) // FEWEST_POOLS // batch_size * batch_size  # whole batches
    pool_size = max(batch_size, min(batch_size * bucket_batches, largest))
    batches = []
    for start in range(0, len(order), pool_size):
        pool = order[start : start + pool_size]
        batches += [pool[batch] for batch in batches_by_length(lengths[pool], batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


class BatchReader:
    """Reads the rows of one or more splits in batches from the memory-mapped store.

    Attributes:
        targets: of the splits one after another, first axis (rows,).
        lengths: steps of each row, int32 (rows,).
    """

    def __init__(self, splits: Sequence[Split]) -> None:
        self.splits = splits
        self.targets = join_rows([split.targets for split in splits])
        self.lengths = np.concatenate([split.sequences.lengths for split in splits])
        self._split_ends = np.cumsum([len(split.targets) for split in splits])
        self._row_numbers = np.arange(len(self.targets))  # in the splits, one after another

    def subset(self, mask: NDArray[np.bool_]) -> "BatchReader":
        """Select the rows of the splits where `mask`, bool (rows,), is true."""
        subset = BatchReader(self.splits)
        subset._row_numbers = np.flatnonzero(mask)
        subset.targets, subset.lengths = self.targets[mask], self.lengths[mask]
        return subset

    def by_length(self, batch_size: int) -> Iterator[Batch]:
        """Read all rows, the shortest first."""
        return self.read(batches_by_length(self.lengths, batch_size))

    def read(self, batches: Sequence[RowNumbers]) -> Iterator[Batch]:
        """Read batches of these rows, padded with zeros on the right to the longest of each."""
        first_split = self.splits[0]
        empty = first_split.sequences.empty  # (0,) or (0, features)
        width = None if first_split.static_inputs is None else first_split.static_inputs.shape[1]
        for rows in batches:
            lengths = self.lengths[rows]
            values = np.zeros((len(rows), lengths.max(), *empty.shape[1:]), empty.dtype)
            static = None if width is None else np.zeros((len(rows), width), np.float32)
            numbers = self._row_numbers[rows]
            split_of_row = np.searchsorted(self._split_ends, numbers, side="right")
            for index in np.unique(split_of_row):
                positions = np.flatnonzero(split_of_row == index)  # in the batch
                first = self._split_ends[index - 1] if index else 0
                split, in_split = self.splits[index], numbers[positions] - first
                split.sequences.fill(values, positions, in_split)
                if static is not None and split.static_inputs is not None:
                    static[positions] = split.static_inputs[in_split]
            yield name_inputs(values, lengths, static), self.read_targets(rows)

    def read_targets(self, rows: RowNumbers) -> Targets:
        """Return the targets of rows, those of steps padded to the longest row."""
        targets = self.targets[rows]
        return pad_steps(targets) if has_steps(targets) else targets
