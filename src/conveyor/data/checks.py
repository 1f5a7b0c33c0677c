"""Checks whether the data can train a classifier, and counts the rows that cannot be used."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.duplicates import FirstRows
from conveyor.data.errors import DataError
from conveyor.data.row_index import RowIndex
from conveyor.data.rows import NO_PROBLEM, PROBLEMS
from conveyor.data.scan import Scan
from conveyor.data.split import NO_SPLIT, SPLITS


@dataclass
class RowCounts:
    """Rows of a scan.

    Attributes:
        dropped: unusable rows by reason.
        labels: rows by split and label, (splits, labels).
        empty: rows of a split that have no content.
    """

    dropped: dict[str, FirstRows]
    labels: NDArray[np.int64]
    empty: int = 0

    def by_split(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return dict(zip(SPLITS, self.labels.sum(axis=1).tolist(), strict=True))


def count_rows(scan: Scan) -> RowCounts:
    """Count the rows of a scan in one pass."""
    labels = np.zeros((len(SPLITS), len(scan.label_names)), np.int64)
    counts = RowCounts({reason: FirstRows() for reason in PROBLEMS}, labels)
    for rows in scan.index.chunks():
        split, label, empty, problem = (
            scan.index[column][rows] for column in ("split", "label", "empty", "problem")
        )
        for code, by_label in enumerate(labels):
            by_label += np.bincount(label[split == code], minlength=len(by_label))
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


def drop_unseen_labels(index: RowIndex, label_names: list[str], classes: list[str]) -> None:
    """Mark validation and test rows whose class is in no training row, so cannot be learned."""
    seen = np.isin([*label_names, ""], classes)  # (labels + 1,), the last for no label
    unseen = (index["problem"] == NO_PROBLEM) & ~seen[index["label"]]  # (rows,)
    index["problem"][unseen] = PROBLEMS.index("unknown_label")
    index["split"][unseen] = NO_SPLIT


def require_enough(
    checks: Checks, counts: RowCounts, scan: Scan, classes: list[str]
) -> dict[str, dict[str, int]]:
    """Return the rows of each class by split.

    Raises:
        DataError: too many rows are dropped, there is one class only, or a class has too few rows
            in a split.
    """
    dropped = {reason: rows.count for reason, rows in counts.dropped.items() if rows.count}
    if sum(dropped.values()) > checks.max_dropped_share * len(scan.index):
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in dropped.items())
        raise DataError(
            "dataset.checks.max_dropped_share: expected a share of unusable rows of at most "
            f"{checks.max_dropped_share:g}; got {sum(dropped.values())} of {len(scan.index)} rows "
            f"({reasons}). Change the files, or raise the limit."
        )
    if len(classes) < 2:
        raise DataError(
            f"the training rows: expected at least two classes; got {classes}. "
            "Change dataset.columns.label or dataset.split."
        )
    by_class = {}
    for split, labels in zip(SPLITS, counts.labels.tolist(), strict=True):
        rows = dict(zip(scan.label_names, labels, strict=True))
        by_class[split] = {name: rows.get(name, 0) for name in classes}
    few = [
        f"{split} has {count} of class {name!r}"
        for split, rows in by_class.items()
        for name, count in rows.items()
        if count < checks.min_rows_per_class
    ]
    if few:
        raise DataError(
            "dataset.checks.min_rows_per_class: expected at least "
            f"{checks.min_rows_per_class} rows of each class in each split; got too few: "
            f"{', '.join(few[:8])}{' ...' if len(few) > 8 else ''}. Add rows, change "
            "dataset.split, or lower the limit."
        )
    return by_class
