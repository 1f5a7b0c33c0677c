"""Rows of equal input: removes those that are in two splits, and counts the others."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from conveyor.data.row_index import RowIndex
from conveyor.data.split import NO_SPLIT, SPLIT_PAIRS, SPLITS

BUCKETS = 256  # by the first byte of the digest; memory holds one bucket
MAX_IDS = 20  # rows listed for each problem; counts include all rows


@dataclass
class FirstRows:
    """A count of rows, and the lowest MAX_IDS row numbers."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: NDArray[np.integer]) -> None:
        self.count += len(rows)
        self.first = sorted([*self.first, *np.sort(rows)[:MAX_IDS].tolist()])[:MAX_IDS]


@dataclass
class Duplicates:
    """Rows of equal input.

    Attributes:
        leaks: by pair of splits, the rows removed from the first of them.
        duplicates: by split, the rows whose input is in an earlier row of it; they stay.
        conflicts: rows of equal input and different target. They stay, but no model can predict all
            of them.
    """

    leaks: dict[tuple[str, str], FirstRows] = field(
        default_factory=lambda: {pair: FirstRows() for pair in SPLIT_PAIRS}
    )
    duplicates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    conflicts: FirstRows = field(default_factory=FirstRows)


def remove_leaks(index: RowIndex) -> Duplicates:
    """Remove training (and validation) rows whose input is in a later split too.

    Test rows stay, so that published splits remain comparable.
    """
    result = Duplicates()
    buckets = index["digest"].view(np.uint8)[:, 0].copy()  # (rows,)
    for bucket in range(BUCKETS):
        _compare(index, np.flatnonzero(buckets == bucket), result)
    return result


def _compare(index: RowIndex, numbers: NDArray[np.int64], result: Duplicates) -> None:
    """Count the equal rows of a bucket, and remove those that leak from their split.

    Args:
        numbers: of the rows, (rows,).
    """
    split, targets = index["split"][numbers], index["target"][numbers]
    _, inputs = np.unique(index["digest"][numbers], axis=0, return_inverse=True)
    for pair in SPLIT_PAIRS:
        earlier, later = map(SPLITS.index, pair)
        leaked = (split == earlier) & np.isin(inputs, inputs[split == later])
        result.leaks[pair].add(numbers[leaked])
        split[leaked] = NO_SPLIT
    index["split"][numbers] = split
    for code, name in enumerate(SPLITS):
        remaining = inputs[split == code]
        result.duplicates[name] += len(remaining) - len(np.unique(remaining))
    used = split != NO_SPLIT
    last_targets = np.empty(len(numbers), np.int32)  # of each input
    last_targets[inputs[used]] = targets[used]
    conflicting = inputs[used & (last_targets[inputs] != targets)]
    result.conflicts.add(numbers[used & np.isin(inputs, conflicting)])
