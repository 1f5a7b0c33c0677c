"""One pass over every row: what can be used, what it is, what it equals."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.data.rows import Row, RowReader

PROBLEMS = ("missing_input", "missing_label", "not_finite", "unknown_label")


@dataclass
class Scan:
    """About 40 bytes a row, whatever its length; rows are numbered through all parts.

    Attributes:
        readers: one a part, in order; row i of the scan is row `positions[i]` of `parts[i]`.
        digests: two 64-bit halves; rows of equal input have equal ones.
        labels: codes into `label_names`, -1 where there is none.
        problems: codes into PROBLEMS, -1 for a usable row.
        groups: codes into `group_names`; all 0 without a group column.
    """

    readers: list[RowReader]
    label_names: list[str]
    group_names: list[str]
    parts: NDArray[np.int8]
    positions: NDArray[np.int64]
    digests: NDArray[np.uint64]
    labels: NDArray[np.int32]
    problems: NDArray[np.int8]
    empty: NDArray[np.bool_]
    groups: NDArray[np.int32]
    marks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.parts)

    def usable(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.problems < 0)

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Ids of some rows, read again from their source."""
        found = []
        for part, reader in enumerate(self.readers):
            inside = np.sort(self.positions[rows[self.parts[rows] == part]])
            if len(inside):
                found += [row.id for row in reader.rows(inside)]
        return found


@dataclass
class _Codes:
    """Numbers strings in order of appearance."""

    names: dict[str, int] = field(default_factory=dict)

    def __call__(self, name: str | None) -> int:
        return -1 if name is None else self.names.setdefault(name, len(self.names))


def scan(readers: list[RowReader]) -> Scan:
    """Read every row once, batch by batch."""
    labels, groups = _Codes(), _Codes()
    total = sum(len(reader.dataset) for reader in readers)
    made = Scan(
        readers=readers,
        label_names=[],
        group_names=[],
        parts=np.zeros(total, np.int8),
        positions=np.zeros(total, np.int64),
        digests=np.zeros((total, 2), np.uint64),
        labels=np.zeros(total, np.int32),
        problems=np.zeros(total, np.int8),
        empty=np.zeros(total, np.bool_),
        groups=np.zeros(total, np.int32),
        marks=np.zeros((total, 2), np.bool_),
    )
    at = 0
    for part, reader in enumerate(readers):
        rows = tqdm(reader.rows(), f"reading {reader.part}", len(reader.dataset), disable=None)
        for position, row in enumerate(rows):
            made.parts[at], made.positions[at] = part, position
            _note(made, at, row, labels, groups)
            at += 1
    made.label_names, made.group_names = list(labels.names), list(groups.names)
    return made


def _note(made: Scan, at: int, row: Row, labels: _Codes, groups: _Codes) -> None:
    made.problems[at] = PROBLEMS.index(row.problem) if row.problem else -1
    made.labels[at] = labels(row.label if row.problem is None else None)
    made.groups[at] = groups(row.group or "")
    made.marks[at] = row.marks
    if row.problem is None:
        made.empty[at] = row.empty
        made.digests[at] = np.frombuffer(row.digest, np.uint64)
