"""Assigns each usable row to train, validation or test."""

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SplitRules, Take
from conveyor.data.errors import DataError
from conveyor.data.rows import NO_PROBLEM
from conveyor.data.scan import Scan

SPLITS = ("train", "validation", "test")
SPLIT_PAIRS = (("train", "test"), ("train", "validation"), ("validation", "test"))
TRAIN, NO_SPLIT = 0, -1
Rows = NDArray[np.int64]  # numbers of rows


def assign(rules: SplitRules, scan: Scan) -> None:
    """Write the split of each usable row: first the test rows, then the validation rows.

    Raises:
        DataError: a part that is `given` is absent, a split is empty, or a group is in two splits.
    """
    split, part = scan.index["split"], scan.index["part"]  # views
    usable = scan.index["problem"] == NO_PROBLEM
    split[:] = NO_SPLIT
    split[usable] = TRAIN
    if not usable.any():
        return  # the checks report what is wrong with the rows
    takes = {"test": rules.test, "validation": rules.validation}
    for name, take in takes.items():
        candidates = split == TRAIN  # (rows,)
        if take.by != "given":  # a part that is a split as a whole keeps its rows
            for code, part_name in enumerate(scan.parts):
                if part_name in takes and takes[part_name].by == "given":
                    candidates &= part != code
        split[_choose(name, take, rules, scan, candidates)] = SPLITS.index(name)
    for code, name in enumerate(SPLITS):
        if not (split == code).any():
            raise DataError(
                f"the {name} split: expected rows; got none. Change dataset.split or "
                "dataset.source.files."
            )
    if rules.group is not None:
        _require_whole_groups(scan)


def _choose(
    name: str, take: Take, rules: SplitRules, scan: Scan, candidates: NDArray[np.bool_]
) -> Rows:
    """Return the numbers of the rows that are in the split `name`."""
    match take.by:
        case "given":
            return np.flatnonzero(candidates & (scan.index["part"] == _part_code(name, scan.parts)))
        case "column":
            position = ("test", "validation").index(name)
            return np.flatnonzero(candidates & scan.index["marks"][:, position])
        case "order":
            rows = np.flatnonzero(candidates)
            return rows[len(rows) - round(take.share * len(rows)) :]
        case "share" if rules.group is not None:
            return _draw_groups(take.share, rules.seed, scan, np.flatnonzero(candidates))
        case "share":
            return _draw_stratified(take.share, rules.seed, scan, candidates)


def _part_code(name: str, parts: list[str]) -> int:
    if name not in parts:
        raise DataError(
            f"dataset.split.{name}: expected a part {name!r} in dataset.source.files, since `by` "
            f"is 'given'; got {', '.join(sorted(parts))}. Add the part, or change `by`."
        )
    return parts.index(name)


def _draw_stratified(share: float, seed: int, scan: Scan, candidates: NDArray[np.bool_]) -> Rows:
    """Draw a share of each class, in the order of their names; one row or more if it has two."""
    draw, chosen = np.random.default_rng(seed), []
    for label in range(len(scan.label_names)):
        rows = np.flatnonzero(candidates & (scan.index["label"] == label))
        draw.shuffle(rows)
        chosen.append(rows[: min(max(round(share * len(rows)), 1), max(len(rows) - 1, 0))])
    return np.concatenate(chosen)


def _draw_groups(share: float, seed: int, scan: Scan, rows: Rows) -> Rows:
    """Draw whole groups with scikit-learn."""
    # Few data sets have groups, and the import takes a second.
    from sklearn.model_selection import StratifiedGroupKFold

    labels, groups = scan.index["label"][rows], scan.index["group"][rows]  # (rows,) each
    folds, count = max(2, round(1 / share)), len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"dataset.split: expected at least {folds} groups for a share of {share:g}; got "
            f"{count}. Change the share, or dataset.split.group."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, positions = next(iter(folding.split(np.zeros(len(labels)), labels, groups)))
    return rows[positions]


def _require_whole_groups(scan: Scan) -> None:
    """`given`, `column` and `order` can divide a group, which would leak it into training."""
    split, group = scan.index["split"], scan.index["group"]
    groups = {name: np.unique(group[split == code]) for code, name in enumerate(SPLITS)}
    for earlier, later in SPLIT_PAIRS:
        shared = np.intersect1d(groups[earlier], groups[later])
        if len(shared):
            raise DataError(
                f"dataset.split.group: expected each group in one split; got {len(shared)} groups "
                f"(such as {scan.group_names[shared[0]]!r}) with rows in both {earlier} and "
                f"{later}. Split by share, or by a column that has one value for each group."
            )
