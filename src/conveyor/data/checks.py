"""What is wrong with the data: counted always, stopped where training would mean nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.errors import DataError
from conveyor.data.scan import PROBLEMS, Scan
from conveyor.data.split import SPLITS

LISTED = 20  # ids listed of each finding; counts are of all


def require_equal_channels(scan: Scan) -> None:
    """Raises: DataError: series of one part have another number of channels than another's."""
    counts = {reader.part: reader.channels for reader in scan.readers if reader.channels}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{part}: {count}" for part, count in counts.items())
        raise DataError(f"the parts of the source differ in their number of channels ({told}); "
                        "every series needs the same channels, so mend the files")  # fmt: skip


def drop_unseen_labels(scan: Scan, split: NDArray[np.str_], classes: list[str]) -> None:
    """Mark validation and test rows whose class no training row has; nothing can predict it."""
    known = [i for i, name in enumerate(scan.label_names) if name in classes]
    unseen = (scan.problems < 0) & ~np.isin(scan.labels, known)
    scan.problems[unseen] = PROBLEMS.index("unknown_label")
    split[unseen] = ""


def remove_leaks(scan: Scan, split: NDArray[np.str_]) -> dict[str, Any]:
    """Take rows out of train (and validation) whose input stands in a later split too.

    The test rows stay as they are, so that published splits stay comparable.

    Returns:
        For each pair of splits, how many rows were removed from the first, and ids of some.
    """
    keys = _keys(scan.digests)
    report: dict[str, Any] = {}
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        leaked = np.flatnonzero((split == one) & np.isin(keys, keys[split == other]))
        report[f"{one}_in_{other}"] = {
            "removed": len(leaked), "ids": scan.ids(leaked[:LISTED])
        }  # fmt: skip
        split[leaked] = ""
    return report


def duplicates_within(scan: Scan, split: NDArray[np.str_]) -> dict[str, int]:
    """Rows of each split whose input stood in an earlier row of it; they are kept."""
    keys = _keys(scan.digests)
    return {
        name: int((split == name).sum() - len(np.unique(keys[split == name]))) for name in SPLITS
    }


def conflicts(scan: Scan, split: NDArray[np.str_]) -> dict[str, Any]:
    """Rows of equal input and unequal label; they are kept, and no model can get them all right."""
    used = np.flatnonzero(split != "")
    keys, inverse = np.unique(_keys(scan.digests[used]), return_inverse=True)
    low = np.full(len(keys), np.iinfo(np.int32).max, np.int32)
    high = np.full(len(keys), -1, np.int32)
    np.minimum.at(low, inverse, scan.labels[used])
    np.maximum.at(high, inverse, scan.labels[used])
    rows = used[(low != high)[inverse]]
    return {"rows": len(rows), "ids": scan.ids(rows[:LISTED])}


def dropped(scan: Scan) -> dict[str, Any]:
    """Unusable rows by reason, with ids of some."""
    report = {}
    for code, reason in enumerate(PROBLEMS):
        rows = np.flatnonzero(scan.problems == code)
        report[reason] = {"rows": len(rows), "ids": scan.ids(rows[:LISTED])}
    return report


def require_enough(
    checks: Checks, scan: Scan, split: NDArray[np.str_], classes: list[str]
) -> dict[str, dict[str, int]]:
    """Count classes by split.

    Raises:
        DataError: too many rows dropped, only one class, or a class with too few rows somewhere.
    """
    bad = int((scan.problems >= 0).sum())
    if bad > checks.max_dropped_share * len(scan):
        reasons = ", ".join(f"{v['rows']} {k}" for k, v in dropped(scan).items() if v["rows"])
        raise DataError(
            f"{bad} of {len(scan)} rows cannot be used ({reasons}); "
            f"dataset.checks.max_dropped_share allows {checks.max_dropped_share:g}. "
            "Mend the source, or raise the limit."
        )
    if len(classes) < 2:
        raise DataError(
            f"the training rows have one class only ({classes}); a classifier needs two. "
            "Check dataset.columns.label and dataset.split."
        )
    code = {name: i for i, name in enumerate(scan.label_names)}
    counts = {
        name: {c: int((scan.labels[split == name] == code.get(c, -1)).sum()) for c in classes}
        for name in SPLITS
    }
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


def _keys(digests: NDArray[np.uint64]) -> NDArray[np.void]:
    return np.ascontiguousarray(digests).view([("high", np.uint64), ("low", np.uint64)]).ravel()
