"""Rows of equal input: those that stand in two splits go, the others are counted."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.data.row_index import Records, RowIndex, Scratch, dealt
from conveyor.data.split import NO_SPLIT, SPLITS

PAIRS = (("train", "test"), ("train", "validation"), ("validation", "test"))
HANDS = 256  # equal rows are in one hand, by a byte of their digest; one is in memory at a time
LISTED = 20  # rows listed of each finding; counts are of all
DEALT = np.dtype([("digest", np.uint64, (2,)), ("row", np.int64), ("label", np.int32),
                  ("split", np.int8)])  # fmt: skip


@dataclass
class FirstRows:
    """How many rows, and the first of them."""

    rows: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: NDArray[np.integer]) -> None:
        self.rows += len(rows)
        self.first = sorted([*self.first, *np.sort(rows)[:LISTED].tolist()])[:LISTED]


@dataclass
class Equal:
    """What rows of equal input there were.

    Attributes:
        leaks: by pair of splits, rows taken out of its first.
        duplicates: by split, rows whose input stood in an earlier row of it; they are kept.
        conflicts: rows of equal input and unequal label; they are kept, and no model can get them
            all right.
    """

    leaks: dict[tuple[str, str], FirstRows] = field(
        default_factory=lambda: {p: FirstRows() for p in PAIRS}
    )
    duplicates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    conflicts: FirstRows = field(default_factory=FirstRows)


def remove_leaks(ledger: RowIndex, folder: Path) -> Equal:
    """Take rows out of train (and validation) whose input stands in a later split too.

    The test rows stay as they are, so that published splits stay comparable. Rows are dealt into a
    file in `folder` by their digests, judged hand by hand, and gathered again.
    """
    equal, scratch = Equal(), Scratch(folder, DEALT)
    counts = sum((_hands(some)[1] for _, some in ledger.chunks()), np.zeros(HANDS, np.int64))
    ends = np.cumsum(counts)
    places = ends - counts  # of the next row of each hand
    for start, records in ledger.chunks():
        rows, counts = _hands(records)
        some = np.empty(len(rows), DEALT)
        some["row"] = start + rows
        for name in ("digest", "label", "split"):
            some[name] = records[name][rows]
        for place, piece in zip(places, np.split(some, np.cumsum(counts)[:-1]), strict=True):
            scratch.write(place, piece)
        places += counts
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        some = scratch.read(start, end)
        _judge(some, equal)
        scratch.write(start, some)
    places = np.concatenate([[0], ends[:-1]])
    for records in ledger.changing():
        rows, counts = _hands(records)
        pieces = [
            scratch.read(*ends)["split"] for ends in zip(places, places + counts, strict=True)
        ]
        records["split"][rows] = np.concatenate(pieces)
        places += counts
    return equal


def _hands(records: Records) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that are in a split, hand by hand, and how many each hand has."""
    used = np.flatnonzero(records["split"] != NO_SPLIT)
    order, counts = dealt(records["digest"][used].view(np.uint8)[:, 0], HANDS)
    return used[order], counts


def _judge(rows: Records, equal: Equal) -> None:
    """Count what is equal in a hand, and change its rows' splits."""
    inputs, split, labels = _numbered(rows["digest"]), rows["split"], rows["label"]
    for pair in PAIRS:
        one, other = map(SPLITS.index, pair)
        leaked = (split == one) & np.isin(inputs, inputs[split == other])
        equal.leaks[pair].add(rows["row"][leaked])
        split[leaked] = NO_SPLIT
    for code, name in enumerate(SPLITS):
        stay = inputs[split == code]
        equal.duplicates[name] += len(stay) - len(np.unique(stay))
    used = split != NO_SPLIT
    one = np.empty(len(rows), np.int32)
    one[inputs[used]] = labels[used]  # the last one of each input
    torn = inputs[used & (one[inputs] != labels)]
    equal.conflicts.add(rows["row"][used & np.isin(inputs, torn)])


def _numbered(digests: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Equal digests get equal numbers, from 0."""
    order = np.lexsort((digests[:, 0], digests[:, 1]))
    some = digests[order]
    first = np.ones(len(some), np.bool_)
    first[1:] = (some[1:] != some[:-1]).any(axis=1)
    numbers = np.empty(len(some), np.int64)
    numbers[order] = np.cumsum(first) - 1
    return numbers
