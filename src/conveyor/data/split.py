"""Which rows are test, which validate, which train."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import Split
from conveyor.data.errors import DataError

SPLITS = ("train", "validation", "test")
TRAIN, NO_SPLIT = 0, -1
Splits = NDArray[np.int8]  # of each row: a position in SPLITS, or NO_SPLIT
Codes = NDArray[np.int32]
Rows = NDArray[np.int64]


def assign(
    config: Split,
    parts: NDArray[np.int8],
    part_names: Sequence[str],
    labels: Codes,
    marks: NDArray[np.bool_] | None,
    groups: Codes | None,
    group_names: Sequence[str],
) -> Splits:
    """Name each row's split: test rows are taken first, validation rows from the rest.

    Args:
        parts: part of the source of each row, a position in `part_names`.
        labels: class of each row, for stratification; the order of the codes is that of the names.
        marks: (rows, 2), where a split column says test, or validation; None without one.
        groups: rows of equal group end up in one split; codes in the order of the names.

    Raises:
        DataError: a part that is `given` is not there, or a split is left empty.
    """
    split = np.full(len(parts), TRAIN, np.int8)
    for name, take in (("test", config.test), ("validation", config.validation)):
        rest = np.flatnonzero(split == TRAIN)
        if take.by != "given":
            given = [number for number, part in enumerate(part_names) if part in _given(config)]
            rest = rest[~np.isin(parts[rest], given)]
        match take.by:
            case "given":
                chosen = _given_part(name, rest, parts, part_names)
            case "column":
                assert marks is not None
                chosen = rest[marks[rest, 0 if name == "test" else 1]]
            case "order":
                chosen = rest[len(rest) - round(take.share * len(rest)) :]
            case "share":
                if groups is not None:
                    some = _group_share(take.share, config.seed, labels[rest], groups[rest])
                else:
                    some = _stratified_share(take.share, config.seed, labels[rest])
                chosen = rest[some]
        split[chosen] = SPLITS.index(name)
    if groups is not None:
        _require_whole_groups(split, groups, group_names)
    for code, name in enumerate(SPLITS):
        if not (split == code).any():
            raise DataError(f"the {name} split has no rows; change dataset.split or source.files")
    return split


def _given(config: Split) -> list[str]:
    takes = (("test", config.test), ("validation", config.validation))
    return [name for name, take in takes if take.by == "given"]


def _given_part(name: str, rest: Rows, parts: NDArray[np.int8], part_names: Sequence[str]) -> Rows:
    code = part_names.index(name) if name in part_names else -1
    chosen = rest[parts[rest] == code]
    if not len(chosen):
        there = sorted(part_names[int(part)] for part in np.unique(parts))
        raise DataError(
            f"split.{name} is `given`, but source.files names no {name!r} part "
            f"(it has {', '.join(there)})"
        )
    return chosen


def _stratified_share(share: float, seed: int, labels: Codes) -> Rows:
    """The share of each class, at least one row of a class that has two."""
    draw = np.random.default_rng(seed)
    chosen = []
    for code in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == code))
        count = min(max(round(share * len(rows)), 1), len(rows) - 1)
        chosen.append(rows[:count])
    return np.sort(np.concatenate(chosen))


def _group_share(share: float, seed: int, labels: Codes, groups: Codes) -> Rows:
    from sklearn.model_selection import StratifiedGroupKFold  # a second, and few data have groups

    folds = max(2, round(1 / share))
    if len(np.unique(groups)) < folds:
        raise DataError(
            f"{len(np.unique(groups))} groups cannot give a share of {share:g}; there must be at "
            f"least {folds}. Change dataset.split."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, chosen = next(iter(folding.split(np.zeros(len(labels)), labels, groups)))
    return np.sort(chosen)


def _require_whole_groups(split: Splits, groups: Codes, names: Sequence[str]) -> None:
    """`given`, `column` and `order` splits may cut a group; that would leak it into training."""
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        first, second = (groups[split == SPLITS.index(name)] for name in (one, other))
        shared = np.intersect1d(first, second)
        if len(shared):
            raise DataError(
                f"{len(shared)} groups (such as {names[shared[0]]!r}) have rows in both {one} and "
                f"{other}; split by `share`, or by a column that respects dataset.split.group"
            )
