"""Batches: every row once, little padding, a new order each epoch."""

from collections.abc import Sequence

import numpy as np
import pytest

from conveyor.data.store import Prepared
from conveyor.encoding.ragged import Lengths, RowNumbers, batches_by_length
from conveyor.training.batches import BatchReader, plan_batches

LENGTHS = np.random.default_rng(0).integers(1, 60, 203).astype(np.int32)


def order(epoch: int, seed: int = 1) -> list[list[int]]:
    batches = plan_batches(LENGTHS, batch_size=8, bucket_batches=5, seed=seed, epoch=epoch)
    return [rows.tolist() for rows in batches]


def padded_share(lengths: Lengths, batches: Sequence[RowNumbers]) -> float:
    """Compute the share of the steps in these batches that are padding."""
    steps = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    return 1.0 - float(lengths.sum()) / steps


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_every_row_is_in_one_batch_of_each_epoch(epoch: int) -> None:
    rows = [row for batch in order(epoch) for row in batch]
    assert sorted(rows) == list(range(len(LENGTHS)))


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    assert order(2) == order(2)
    assert order(2) != order(3)
    assert order(2) != order(2, seed=2)


def test_rows_keep_other_company_each_epoch() -> None:
    companions = [{frozenset(batch) for batch in order(epoch)} for epoch in (0, 1)]
    assert not companions[0] & companions[1]


def test_buckets_spare_most_of_the_padding() -> None:
    bucketed = plan_batches(LENGTHS, batch_size=8, bucket_batches=16, seed=1, epoch=0)
    shuffled = plan_batches(LENGTHS, batch_size=8, bucket_batches=1, seed=1, epoch=0)
    assert padded_share(LENGTHS, bucketed) < 0.4 * padded_share(LENGTHS, shuffled)
    assert padded_share(LENGTHS, batches_by_length(LENGTHS, 8)) < 0.1


def test_the_data_set_gives_the_planned_rows_right_padded(toys: Prepared) -> None:
    split = toys.split("train")
    rows = BatchReader([split])
    planned = plan_batches(rows.lengths, batch_size=8, bucket_batches=2, seed=5, epoch=3)
    given = list(rows.read(planned))
    assert len(given) == len(planned)
    for (inputs, labels), expected in zip(given, planned, strict=True):
        values, lengths = split.sequences.pad_rows(expected)
        np.testing.assert_array_equal(inputs["values"], values)
        np.testing.assert_array_equal(inputs["lengths"], lengths)
        np.testing.assert_array_equal(labels, split.targets[expected])
        for row, length in zip(values, lengths, strict=True):
            assert not row[length:].any()


def test_two_splits_behind_one_another_are_one_set(toys: Prepared) -> None:
    train, validation = toys.split("train"), toys.split("validation")
    both = BatchReader([train, validation])
    first = len(train.targets)
    asked = np.array([first - 1, 0, first, first + len(validation.targets) - 1])
    ((inputs, labels),) = both.read([asked])
    expected = [train.sequences[first - 1], train.sequences[0], validation.sequences[0],
                validation.sequences[len(validation.targets) - 1]]  # fmt: skip
    for row, length, sequence in zip(*inputs.values(), expected, strict=True):
        np.testing.assert_array_equal(row[:length], sequence)
        assert not row[length:].any()
    assert labels.tolist() == [train.targets[first - 1], train.targets[0], validation.targets[0],
                               validation.targets[-1]]  # fmt: skip
