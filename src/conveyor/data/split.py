"""Assigns each usable row to train, validation or test."""

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SplitRules
from conveyor.data.row_index import RowIndex
from conveyor.data.rows import NO_PROBLEM
from conveyor.data.scan import Scan
from conveyor.errors import DataError

SPLITS = ("train", "validation", "test")
SPLIT_PAIRS = (("train", "test"), ("train", "validation"), ("validation", "test"))
TRAIN, NO_SPLIT = 0, -1
Rows = NDArray[np.int64]  # numbers of rows


def assign(rules: SplitRules, scan: Scan, strata: NDArray[np.int32]) -> None:
    """Write the split of each usable row: first the test rows, then the validation rows.

    Args:
        strata: of each key of the target, (keys,), from which `share` draws equal shares.

    Raises:
        DataError: a part that is `given` is absent, a split is empty, or a group is in two splits.
    """
    index, parts = scan.index, scan.parts
    split, part = index["split"], index["part"]  # views
    usable = index["problem"] == NO_PROBLEM
    split[:] = NO_SPLIT
    split[usable] = TRAIN
    if not usable.any():
        return  # the checks report what is wrong with the rows
    takes = {"test": rules.test, "validation": rules.validation}
    for name, take in takes.items():
        candidates = split == TRAIN  # (rows,)
        if take.by != "given":  # a part that is a split as a whole keeps its rows
            for code, part_name in enumerate(parts):
                if part_name in takes and takes[part_name].by == "given":
                    candidates &= part != code
        split[_choose(name, rules, scan, candidates, strata)] = SPLITS.index(name)
    for code, name in enumerate(SPLITS):
        if not (split == code).any():
            raise DataError(
                f"the {name} split: expected rows; got none. Change dataset.split or "
                "dataset.source.files."
            )
    if rules.group is not None:
        _require_whole_groups(index, scan.group_names)


def _choose(
    name: str,
    rules: SplitRules,
    scan: Scan,
    candidates: NDArray[np.bool_],
    strata: NDArray[np.int32],
) -> Rows:
    """Return the numbers of the rows that are in the split `name`."""
    index, parts = scan.index, scan.parts
    take = rules.test if name == "test" else rules.validation
    match take.by:
        case "given":
            if name not in parts:
                raise DataError(
                    f"dataset.split.{name}: expected a part {name!r} in dataset.source.files, "
                    f"since `by` is 'given'; got {', '.join(sorted(parts))}. Add the part, or "
                    "change `by`."
                )
            return np.flatnonzero(candidates & (index["part"] == parts.index(name)))
        case "column":
            position = ("test", "validation").index(name)
            return np.flatnonzero(candidates & index["marks"][:, position])
        case "order":
            rows = np.flatnonzero(candidates)
            return rows[len(rows) - round(take.share * len(rows)) :]
        case "share" if rules.group is not None:
            return _draw_groups(take.share, rules.seed, scan, np.flatnonzero(candidates), strata)
        case "share":
            return _draw_stratified(take.share, rules.seed, scan, candidates, strata)


def _draw_stratified(
    share: float,
    seed: int,
    scan: Scan,
    candidates: NDArray[np.bool_],
    strata: NDArray[np.int32],
) -> Rows:
    """Draw a share of each stratum, in their order; one row or more if it has two."""
    draw, chosen = np.random.default_rng(seed), []
    stratum_of_row = strata[scan.index["target"]]  # (rows,); that of a row with a problem is unused
    for stratum in np.unique(strata):
        rows = np.flatnonzero(candidates & (stratum_of_row == stratum))
        draw.shuffle(rows)
        chosen.append(rows[: min(max(round(share * len(rows)), 1), max(len(rows) - 1, 0))])
    return np.concatenate(chosen)


def _draw_groups(
    share: float, seed: int, scan: Scan, rows: Rows, strata: NDArray[np.int32]
) -> Rows:
    """Draw whole groups with scikit-learn."""
    # Few data sets have groups, and the import takes a second.
    from sklearn.model_selection import StratifiedGroupKFold

    stratum_of_row = strata[scan.index["target"][rows]]  # (rows,)
    groups = scan.index["group"][rows]  # (rows,)
    folds, count = max(2, round(1 / share)), len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"dataset.split: expected at least {folds} groups for a share of {share:g}; got "
            f"{count}. Change the share, or dataset.split.group."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, positions = next(iter(folding.split(np.zeros(len(rows)), stratum_of_row, groups)))
    return rows[positions]


def _require_whole_groups(index: RowIndex, names: list[str]) -> None:
    """`given`, `column` and `order` can divide a group, which would leak it into training."""
    split, group = index["split"], index["group"]
    groups = {name: np.unique(group[split == code]) for code, name in enumerate(SPLITS)}
    for earlier, later in SPLIT_PAIRS:
        shared = np.intersect1d(groups[earlier], groups[later])
        if len(shared):
            raise DataError(
                f"dataset.split.group: expected each group in one split; got {len(shared)} groups "
                f"(such as {names[shared[0]]!r}) with rows in both {earlier} and "
                f"{later}. Split by share, or by a column that has one value for each group."
            )
