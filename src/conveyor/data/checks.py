"""Checks whether the data can train a model, and counts the rows that cannot be used."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.duplicates import FirstRows
from conveyor.data.row_index import RowIndex
from conveyor.data.rows import NO_PROBLEM, PROBLEMS
from conveyor.data.scan import Scan
from conveyor.data.split import NO_SPLIT, SPLITS
from conveyor.errors import DataError


@dataclass
class RowCounts:
    """Rows of a scan.

    Attributes:
        dropped: unusable rows by reason.
        targets: rows by split and key of the target, (splits, keys).
        empty: rows of a split that have no content.
    """

    dropped: dict[str, FirstRows]
    targets: NDArray[np.int64]
    empty: int = 0

    def by_split(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return dict(zip(SPLITS, self.targets.sum(axis=1).tolist(), strict=True))


def count_rows(scan: Scan) -> RowCounts:
    """Count the rows of a scan in one pass."""
    targets = np.zeros((len(SPLITS), len(scan.keys)), np.int64)
    counts = RowCounts({reason: FirstRows() for reason in PROBLEMS}, targets)
    for rows in scan.index.chunks():
        split, target, empty, problem = (
            scan.index[column][rows] for column in ("split", "target", "empty", "problem")
        )
        for code, by_key in enumerate(targets):
            by_key += np.bincount(target[split == code], minlength=len(by_key))
        counts.empty += int(empty[split != NO_SPLIT].sum())
        for code, dropped in enumerate(counts.dropped.values()):
            dropped.add(rows.start + np.flatnonzero(problem == code))
    return counts


def require_equal_channels(channels: dict[str, int | None]) -> None:
    """Raise a DataError if the series of two parts differ in their number of channels.

    Args:
        channels: by part; None for texts, or if no series has a step.
    """
    if len(set(channels.values()) - {None}) > 1:
        counts = ", ".join(f"{part}: {count}" for part, count in channels.items())
        raise DataError(
            "dataset.source.files: expected series with the same number of channels in each part; "
            f"got {counts}. Change the files."
        )


def drop_unseen_targets(index: RowIndex, accepted: NDArray[np.bool_]) -> None:
    """Mark validation and test rows whose target no training row has, so that it is not learned.

    Args:
        accepted: by key, (keys,).
    """
    unseen = (index["problem"] == NO_PROBLEM) & ~np.append(accepted, False)[index["target"]]
    index["problem"][unseen] = PROBLEMS.index("unknown_target")
    index["split"][unseen] = NO_SPLIT


def require_usable(checks: Checks, counts: RowCounts, rows: int) -> None:
    """Raise a DataError if too many of the rows that were read are dropped."""
    dropped = {reason: rows.count for reason, rows in counts.dropped.items() if rows.count}
    if sum(dropped.values()) > checks.max_dropped_share * rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        raise DataError(
            "dataset.checks.max_dropped_share: expected a share of unusable rows of at most "
            f"{checks.max_dropped_share:g}; got {sum(dropped.values())} of {rows} rows "
            f"({reasons}). Change the files, or raise the limit."
        )
