"""What is wrong with the data: counted always, stopped where training would mean nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.errors import DataError
from conveyor.data.rows import NO_PROBLEM, PROBLEMS
from conveyor.data.scan import Scan
from conveyor.data.split import NO_SPLIT, SPLITS, Splits

LISTED = 20  # ids listed of each finding; counts are of all


def require_equal_channels(counts: dict[str, int | None]) -> None:
    """Raises: DataError: series of one part have another number of channels than another's.

    Args:
        counts: channels of each part; None for a text, or where no series has a step.
    """
    if len(set(counts.values()) - {None}) > 1:
        told = ", ".join(f"{part}: {count}" for part, count in counts.items())
        raise DataError(f"the parts of the source differ in their number of channels ({told}); "
                        "every series needs the same channels, so mend the files")  # fmt: skip


def drop_unseen_labels(scan: Scan, split: Splits, classes: list[str]) -> None:
    """Mark validation and test rows whose class no training row has; nothing can predict it."""
    known = np.array([name in classes for name in [*scan.label_names, ""]])
    unseen = (scan.problems == NO_PROBLEM) & ~known[scan.labels]
    scan.problems[unseen] = PROBLEMS.index("unknown_label")
    split[unseen] = NO_SPLIT


def remove_leaks(scan: Scan, split: Splits) -> dict[str, Any]:
    """Take rows out of train (and validation) whose input stands in a later split too.

    The test rows stay as they are, so that published splits stay comparable.

    Returns:
        For each pair of splits, how many rows were removed from the first, and ids of some.
    """
    report: dict[str, Any] = {}
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        there = _inputs(scan, split, other)
        leaked = np.flatnonzero((split == SPLITS.index(one)) & there[scan.inputs])
        report[f"{one}_in_{other}"] = {
            "removed": len(leaked), "ids": scan.ids(leaked[:LISTED])
        }  # fmt: skip
        split[leaked] = NO_SPLIT
    return report


def duplicates_within(scan: Scan, split: Splits) -> dict[str, int]:
    """Rows of each split whose input stood in an earlier row of it; they are kept."""
    rows = rows_of(split)
    return {name: rows[name] - int(_inputs(scan, split, name).sum()) for name in SPLITS}


def conflicts(scan: Scan, split: Splits) -> dict[str, Any]:
    """Rows of equal input and unequal label; they are kept, and no model can get them all right."""
    used = split != NO_SPLIT
    labels = np.where(used, scan.labels, -1)
    one = np.full(scan.inputs.max(initial=-1) + 1, -1, np.int32)
    one[scan.inputs[used]] = labels[used]  # the last one of each input
    odd = used & (one[scan.inputs] != labels)
    torn = np.zeros(len(one), np.bool_)
    torn[scan.inputs[odd]] = True
    rows = np.flatnonzero(used & torn[scan.inputs])
    return {"rows": len(rows), "ids": scan.ids(rows[:LISTED])}


def dropped(scan: Scan) -> dict[str, Any]:
    """Unusable rows by reason, with ids of some."""
    report = {}
    for code, reason in enumerate(PROBLEMS):
        rows = np.flatnonzero(scan.problems == code)
        report[reason] = {"rows": len(rows), "ids": scan.ids(rows[:LISTED])}
    return report


def rows_of(split: Splits) -> dict[str, int]:
    """How many rows each split has."""
    return {name: int((split == code).sum()) for code, name in enumerate(SPLITS)}


def require_enough(
    checks: Checks, scan: Scan, split: Splits, classes: list[str]
) -> dict[str, dict[str, int]]:
    """Count classes by split.

    Raises:
        DataError: too many rows dropped, only one class, or a class with too few rows somewhere.
    """
    bad = int((scan.problems != NO_PROBLEM).sum())
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
    counts = {}
    for number, name in enumerate(SPLITS):
        found = np.bincount(scan.labels[split == number], minlength=len(scan.label_names))
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


def _inputs(scan: Scan, split: Splits, name: str) -> NDArray[np.bool_]:
    """By the number of an input: does the split have it?"""
    found = np.zeros(scan.inputs.max(initial=-1) + 1, np.bool_)
    found[scan.inputs[split == SPLITS.index(name)]] = True
    return found
