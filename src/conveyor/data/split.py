"""Which rows are test, which validate, which train."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import SplitRules
from conveyor.data.errors import DataError
from conveyor.data.row_index import Records, RowIndex, dealt
from conveyor.data.rows import NO_PROBLEM

SPLITS = ("train", "validation", "test")
TRAIN, NO_SPLIT = 0, -1
Mask = NDArray[np.bool_]
Choice = Callable[[Records], Mask]  # of the next rows that may be chosen: which are


def assign(
    config: SplitRules, ledger: RowIndex, parts: Sequence[str], group_names: Sequence[str]
) -> None:
    """Write each usable row's split: test rows are taken first, validation rows from the rest.

    Args:
        parts: names of the source's parts.

    Raises:
        DataError: a part that is `given` is not there, or a split is left empty.
    """
    for records in ledger.changing():
        records["split"] = np.where(records["problem"] == NO_PROBLEM, TRAIN, NO_SPLIT)
    if not any(rows_of(ledger).values()):
        return  # what is wrong with all of them says more
    for name, take in (("test", config.test), ("validation", config.validation)):
        kept = [] if take.by == "given" else _given(config, parts)
        match take.by:
            case "given":
                choice = _given_part(name, ledger, parts)
            case "column":
                choice = _marked(0 if name == "test" else 1)
            case "order":
                chosen = np.zeros(sum(map(len, _rest(ledger, kept))), np.bool_)
                chosen[len(chosen) - round(take.share * len(chosen)) :] = True
                choice = _in_turn(chosen)
            case "share" if config.group is not None:
                choice = _group_share(take.share, config.seed, _rest(ledger, kept))
            case "share":
                choice = _stratified_share(take.share, config.seed, _rest(ledger, kept))
        for records in ledger.changing():
            rows = np.flatnonzero(_may(records, kept))
            records["split"][rows[choice(records[rows])]] = SPLITS.index(name)
    if config.group is not None:
        _require_whole_groups(ledger, group_names)
    for name, rows in rows_of(ledger).items():
        if not rows:
            raise DataError(f"the {name} split has no rows; change dataset.split or source.files")


def rows_of(ledger: RowIndex) -> dict[str, int]:
    """How many rows each split has."""
    rows = np.zeros(1 + len(SPLITS), np.int64)  # those of no split first
    for _, records in ledger.chunks():
        rows += np.bincount(records["split"] - NO_SPLIT, minlength=len(rows))
    return dict(zip(SPLITS, rows[1:].tolist(), strict=True))


def _given(config: SplitRules, parts: Sequence[str]) -> list[int]:
    """The parts that are a split of their own."""
    takes = (("test", config.test), ("validation", config.validation))
    given = [name for name, take in takes if take.by == "given"]
    return [part for part, name in enumerate(parts) if name in given]


def _may(records: Records, kept: list[int]) -> Mask:
    """Rows that nothing has taken, of no part that is kept for another split."""
    return (records["split"] == TRAIN) & ~np.isin(records["part"], kept)


def _rest(ledger: RowIndex, kept: list[int]) -> Iterator[Records]:
    return (records[_may(records, kept)] for _, records in ledger.chunks())


def _in_turn(chosen: Mask) -> Choice:
    """Those that `chosen` (rows,) says, row after row."""
    at = 0

    def choice(some: Records) -> Mask:
        nonlocal at
        at += len(some)
        return chosen[at - len(some) : at]

    return choice


def _marked(which: int) -> Choice:
    return lambda some: some["marks"][:, which]


def _given_part(name: str, ledger: RowIndex, parts: Sequence[str]) -> Choice:
    code = parts.index(name) if name in parts else -1
    there: set[int] = set()
    for _, records in ledger.chunks():
        there.update(records["part"][records["split"] != NO_SPLIT].tolist())
    if code not in there:
        raise DataError(
            f"split.{name} is `given`, but source.files names no {name!r} part "
            f"(it has {', '.join(sorted(parts[part] for part in there))})"
        )
    return lambda some: some["part"] == code


def _stratified_share(share: float, seed: int, rest: Iterator[Records]) -> Choice:
    """The share of each class, at least one row of a class that has two.

    It is drawn class by class, in the order of their names. Memory holds 4 bytes for each row of
    one class meanwhile, and one for each row that may be chosen.
    """
    rows = np.zeros(0, np.int64)  # of each class
    for some in rest:
        found = np.bincount(some["label"], minlength=len(rows))
        found[: len(rows)] += rows
        rows = found
    draw = np.random.default_rng(seed)
    chosen = []
    for count in rows.tolist():
        places = np.arange(count, dtype=np.uint32)
        draw.shuffle(places)
        mask = np.zeros(count, np.bool_)
        mask[places[: min(max(round(share * count), 1), count - 1)]] = True
        chosen.append(_in_turn(mask))

    def choice(some: Records) -> Mask:
        order, counts = dealt(some["label"], len(chosen))
        ends = np.cumsum(counts)
        mask = np.zeros(len(some), np.bool_)
        for one, count, end in zip(chosen, counts, ends, strict=True):
            here = order[end - count : end]
            mask[here] = one(some[here])
        return mask

    return choice


def _group_share(share: float, seed: int, rest: Iterator[Records]) -> Choice:
    """Whole groups; scikit-learn draws them, and has each row's label and group in memory."""
    from sklearn.model_selection import StratifiedGroupKFold  # a second, and few data have groups

    labels, groups = np.concatenate([[some["label"], some["group"]] for some in rest], axis=1)
    folds = max(2, round(1 / share))
    if len(np.unique(groups)) < folds:
        raise DataError(
            f"{len(np.unique(groups))} groups cannot give a share of {share:g}; there must be at "
            f"least {folds}. Change dataset.split."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    _, rows = next(iter(folding.split(np.zeros(len(labels)), labels, groups)))
    chosen = np.zeros(len(labels), np.bool_)
    chosen[rows] = True
    return _in_turn(chosen)


def _require_whole_groups(ledger: RowIndex, names: Sequence[str]) -> None:
    """`given`, `column` and `order` splits may cut a group; that would leak it into training."""
    there = np.zeros((len(SPLITS), len(names)), np.bool_)
    for _, records in ledger.chunks():
        used = records[records["split"] != NO_SPLIT]
        there[used["split"], used["group"]] = True
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        shared = np.flatnonzero(there[SPLITS.index(one)] & there[SPLITS.index(other)])
        if len(shared):
            raise DataError(
                f"{len(shared)} groups (such as {names[shared[0]]!r}) have rows in both {one} and "
                f"{other}; split by `share`, or by a column that respects dataset.split.group"
            )
