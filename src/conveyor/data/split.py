"""Which rows are test, which validate, which train."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from conveyor.config.dataset import Split, Take
from conveyor.data.errors import DataError

SPLITS = ("train", "validation", "test")


def assign(
    config: Split,
    parts: NDArray[np.str_],
    labels: NDArray[np.str_],
    marks: NDArray[np.bool_],
    groups: NDArray[np.str_] | None,
) -> NDArray[np.str_]:
    """Name each row's split: test rows are taken first, validation rows from the rest.

    Args:
        parts: part of the source ("train", "test", "all", ...) of each row.
        labels: class of each row, for stratification.
        marks: (rows, 2), where a split column says test, or validation.
        groups: rows of equal group end up in one split.

    Raises:
        DataError: a part that is `given` is not there, or a split is left empty.
    """
    split = np.full(len(parts), "train", dtype="U10")
    for name, take in (("test", config.test), ("validation", config.validation)):
        rest = np.flatnonzero(split == "train")
        if take.by != "given":
            rest = rest[~np.isin(parts[rest], _given(config))]
        chosen = _take(name, take, config.seed, rest, parts, labels, marks, groups)
        split[chosen] = name
    if groups is not None:
        _require_whole_groups(split, groups)
    for name in SPLITS:
        if not (split == name).any():
            raise DataError(f"the {name} split has no rows; change dataset.split or source.files")
    return split


def _given(config: Split) -> list[str]:
    takes = (("test", config.test), ("validation", config.validation))
    return [name for name, take in takes if take.by == "given"]


def _take(
    name: str,
    take: Take,
    seed: int,
    rest: NDArray[np.int64],
    parts: NDArray[np.str_],
    labels: NDArray[np.str_],
    marks: NDArray[np.bool_],
    groups: NDArray[np.str_] | None,
) -> NDArray[np.int64]:
    match take.by:
        case "given":
            if name not in parts[rest]:
                raise DataError(
                    f"split.{name} is `given`, but source.files names no {name!r} part "
                    f"(it has {', '.join(sorted(set(parts)))})"
                )
            return rest[parts[rest] == name]
        case "column":
            return rest[marks[rest, 0 if name == "test" else 1]]
        case "order":
            return rest[len(rest) - round(take.share * len(rest)) :]
        case "share":
            if groups is not None:
                return rest[_group_share(take.share, seed, labels[rest], groups[rest])]
            return rest[_stratified_share(take.share, seed, labels[rest])]


def _stratified_share(share: float, seed: int, labels: NDArray[np.str_]) -> NDArray[np.int64]:
    """The share of each class, at least one row of a class that has two."""
    draw = np.random.default_rng(seed)
    chosen = []
    for name in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == name))
        count = min(max(round(share * len(rows)), 1), len(rows) - 1)
        chosen.append(rows[:count])
    return np.sort(np.concatenate(chosen))


def _group_share(
    share: float, seed: int, labels: NDArray[np.str_], groups: NDArray[np.str_]
) -> NDArray[np.int64]:
    folds = max(2, round(1 / share))
    if len(np.unique(groups)) < folds:
        raise DataError(
            f"{len(np.unique(groups))} groups cannot give a share of {share:g}; there must be at "
            f"least {folds}. Change dataset.split."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, chosen = next(iter(folding.split(np.zeros(len(labels)), labels, groups)))
    return np.sort(chosen)


def _require_whole_groups(split: NDArray[np.str_], groups: NDArray[np.str_]) -> None:
    """`given`, `column` and `order` splits may cut a group; that would leak it into training."""
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        shared = np.intersect1d(groups[split == one], groups[split == other])
        if len(shared):
            raise DataError(
                f"{len(shared)} groups (such as {str(shared[0])!r}) have rows in both {one} and "
                f"{other}; split by `share`, or by a column that respects dataset.split.group"
            )
