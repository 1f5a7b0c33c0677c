"""Assigns each usable row to train, validation or test."""

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SplitRules
from conveyor.data.errors import DataError
from conveyor.data.row_index import RowIndex
from conveyor.data.rows import NO_PROBLEM

SPLITS = ("train", "validation", "test")
SPLIT_PAIRS = (("train", "test"), ("train", "validation"), ("validation", "test"))
TRAIN, NO_SPLIT = 0, -1
Rows = NDArray[np.int64]  # numbers of rows


def assign(rules: SplitRules, index: RowIndex, parts: list[str], group_names: list[str]) -> None:
    """Write the split of each usable row: first the test rows, then the validation rows.

    Args:
        parts: names of the source's parts.

    Raises:
        DataError: a part that is `given` is absent, a split is empty, or a group is in two splits.
    """
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
        split[_choose(name, rules, index, candidates, parts)] = SPLITS.index(name)
    for code, name in enumerate(SPLITS):
        if not (split == code).any():
            raise DataError(
                f"the {name} split: expected rows; got none. Change dataset.split or "
                "dataset.source.files."
            )
    if rules.group is not None:
        _require_whole_groups(index, group_names)


def _choose(
    name: str, rules: SplitRules, index: RowIndex, candidates: NDArray[np.bool_], parts: list[str]
) -> Rows:
    """Return the numbers of the rows that are in the split `name`."""
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
            return _draw_groups(take.share, rules.seed, index, np.flatnonzero(candidates))
        case "share":
            return _draw_stratified(take.share, rules.seed, index, candidates)


def _draw_stratified(
    share: float, seed: int, index: RowIndex, candidates: NDArray[np.bool_]
) -> Rows:
    """Draw a share of each class, in the order of their names; one row or more if it has two."""
    draw, chosen = np.random.default_rng(seed), []
    for label in range(index["label"].max() + 1):
        rows = np.flatnonzero(candidates & (index["label"] == label))
        draw.shuffle(rows)
        chosen.append(rows[: min(max(round(share * len(rows)), 1), max(len(rows) - 1, 0))])
    return np.concatenate(chosen)


def _draw_groups(share: float, seed: int, index: RowIndex, rows: Rows) -> Rows:
    """Draw whole groups with scikit-learn."""
    # Few data sets have groups, and the import takes a second.
    from sklearn.model_selection import StratifiedGroupKFold

    labels, groups = index["label"][rows], index["group"][rows]  # (rows,) each
    folds, count = max(2, round(1 / share)), len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"dataset.split: expected at least {folds} groups for a share of {share:g}; got "
            f"{count}. Change the share, or dataset.split.group."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, positions = next(iter(folding.split(np.zeros(len(labels)), labels, groups)))
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
