"""What is wrong with the data: counted always, stopped where training would mean nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.duplicates import FirstRows
from conveyor.data.errors import DataError
from conveyor.data.rows import NO_PROBLEM, PROBLEMS
from conveyor.data.scan import Scan
from conveyor.data.split import NO_SPLIT, SPLITS


def require_equal_channels(counts: dict[str, int | None]) -> None:
    """Raises: DataError: series of one part have another number of channels than another's.

    Args:
        counts: channels of each part; None for a text, or where no series has a step.
    """
    if len(set(counts.values()) - {None}) > 1:
        told = ", ".join(f"{part}: {count}" for part, count in counts.items())
        raise DataError(f"the parts of the source differ in their number of channels ({told}); "
                        "every series needs the same channels, so mend the files")  # fmt: skip


def drop_unseen_labels(scan: Scan, classes: list[str]) -> None:
    """Mark validation and test rows whose class no training row has; nothing can predict it."""
    known = np.array([name in classes for name in [*scan.label_names, ""]])
    for records in scan.ledger.changing():
        unseen = (records["problem"] == NO_PROBLEM) & ~known[records["label"]]
        records["problem"][unseen] = PROBLEMS.index("unknown_label")
        records["split"][unseen] = NO_SPLIT


def labels_of(scan: Scan) -> NDArray[np.int64]:
    """How many rows each split has of each label, (splits, labels)."""
    counts = np.zeros((len(SPLITS), len(scan.label_names)), np.int64)
    for _, records in scan.ledger.chunks():
        for code, count in enumerate(counts):
            found = records["label"][records["split"] == code]
            count += np.bincount(found, minlength=len(count))
    return counts


def dropped(scan: Scan) -> dict[str, Any]:
    """Unusable rows by reason, with ids of some."""
    found = {reason: FirstRows() for reason in PROBLEMS}
    for start, records in scan.ledger.chunks():
        for code, some in enumerate(found.values()):
            some.add(start + np.flatnonzero(records["problem"] == code))
    return {
        reason: {"rows": some.rows, "ids": scan.ids(some.first)} for reason, some in found.items()
    }


def require_enough(checks: Checks, scan: Scan, classes: list[str]) -> dict[str, dict[str, int]]:
    """Count classes by split.

    Raises:
        DataError: too many rows dropped, only one class, or a class with too few rows somewhere.
    """
    bad = {reason: one["rows"] for reason, one in dropped(scan).items() if one["rows"]}
    if sum(bad.values()) > checks.max_dropped_share * len(scan.ledger):
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in bad.items())
        raise DataError(
            f"{sum(bad.values())} of {len(scan.ledger)} rows cannot be used ({reasons}); "
            f"dataset.checks.max_dropped_share allows {checks.max_dropped_share:g}. "
            "Mend the source, or raise the limit."
        )
    if len(classes) < 2:
        raise DataError(
            f"the training rows have one class only ({classes}); a classifier needs two. "
            "Check dataset.columns.label and dataset.split."
        )
    counts = {}
    for name, found in zip(SPLITS, labels_of(scan), strict=True):
        rows = dict(zip(scan.label_names, found.tolist(), strict=True))
        counts[name] = {c: rows.get(c, 0) for c in classes}
    few = [
        f"{name} has {n} of class {c!r}"
        for name in SPLITS for c, n in counts[name].items() if n < checks.min_rows_per_class
    ]  # fmt: skip
    if few:
        raise DataError(
            f"too few rows: {'; '.join(few[:8])}{' ...' if len(few) > 8 else ''}. "
            f"dataset.checks.min_rows_per_class asks for {checks.min_rows_per_class}."
        )
    return counts
