"""Which column is the input, the target, the id, and so on."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from conveyor.errors import DataError
from conveyor.suggest.columns import Column
from conveyor.suggest.names import GROUPS, IDS, STEPS, TARGETS, TEXTS, means
from conveyor.suggest.task import find_separator

WIDE_STEPS = 5  # columns of numbers that make a wide series
LONG_STEPS = 3  # steps a series that make a long one, at the mean
ONCE = 0.9  # the share of rows of the long layout that have an id and a time of their own
FEW = 20  # different values that a class may have in any case
FEW_SHARE = 0.1  # of the rows, likewise


@dataclass
class Roles:
    """What the columns are.

    Attributes:
        columns: the settings of `dataset.columns`.
        inputs: the columns that hold the input, and the id and time of the long layout.
        target: the column to predict.
        others: columns that could be the target, too, the best first.
        group: a column whose equal values belong together; None where rows are independent.
        time: a column of times, one a row, in the order of the rows; None if there is none.
        reasons: by dotted setting, why it is so.
    """

    kind: str
    columns: dict[str, object]
    inputs: list[str]
    target: Column
    others: list[Column]
    group: Column | None = None
    time: Column | None = None
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass
class _Input:
    kind: str
    columns: dict[str, object]
    names: list[str]
    reasons: dict[str, str]


def assign_roles(columns: Sequence[Column], target: str | None = None) -> Roles:
    """Assign a role to each column that has one.

    Args:
        target: the column to predict, if somebody says so.

    Raises:
        DataError: there is no such column, no input, or nothing to predict.
    """
    names = [column.name for column in columns]
    if target is not None and target not in names:
        raise DataError(
            f"--target: expected one of the columns {', '.join(map(repr, names))}; got {target!r}"
        )
    usable = [column for column in columns if column.kind != "empty"]
    free = [column for column in usable if column.name != target]
    chosen = _find_input(free)
    rest = [column for column in usable if column.name not in chosen.names]
    long: dict[str, object] | None = chosen.columns.get("long")  # type: ignore[assignment]
    per_series = usable if long is None else _constant(usable, str(long["id"]))
    unique = None if long else _find_id(rest, target)
    candidates = [c for c in rest if c is not unique and (not long or c in per_series)]
    group = _find_group(candidates, target)
    ranked = sorted(
        (c for c in candidates if _can_be_target(c) and (c is not group or c.name == target)),
        key=lambda c: (c.name != target, *_rank(c, names.index(c.name))),
    )
    if not ranked:
        raise DataError(
            f"expected a column to predict beside the input {', '.join(chosen.names)}; got "
            f"{', '.join(c.name for c in rest) or 'none'}. Name it with --target COLUMN"
        )
    roles = Roles(chosen.kind, chosen.columns, chosen.names, ranked[0], ranked[1:])
    roles.reasons = chosen.reasons
    if unique is not None:
        roles.columns["id"] = unique.name
        roles.reasons["columns.id"] = "differs in each row, and names it in reports"
    roles.group = group if group is not ranked[0] else None
    times = [c for c in candidates if c.kind == "time" and c is not ranked[0]]
    roles.time = times[0] if times and not long else None
    return roles


def _find_input(columns: Sequence[Column]) -> _Input:
    series = [c for c in columns if c.kind == "series"]
    if series:
        longest = max(series, key=lambda c: c.length)
        reason = f"a list of {longest.length:g} steps at the median"
        settings: dict[str, object] = {"series": longest.name}
        if _is_channels_first(longest):
            settings["layout"] = "channels_first"
        return _Input("series", settings, [longest.name], {"columns.series": reason})
    wide = _find_wide(columns)
    if wide is not None:
        pattern, names = wide
        reason = f"{len(names)} columns of numbers, from {names[0]} to {names[-1]}"
        return _Input("series", {"wide": pattern}, names, {"columns.wide": reason})
    texts = [c for c in columns if c.kind == "text" and _is_prose(c)]
    if not texts:
        long = _find_long(columns)
        if long is not None:
            return long
        texts = [c for c in columns if c.kind == "text" and c.distinct > len(c.values) / 2
                 and not means(c.name, IDS)]  # fmt: skip
    if not texts:
        raise DataError(
            "expected a column of texts or of series, columns t0, t1, …, or a column of ids beside "
            f"one of steps; got {', '.join(f'{c.name} ({c.kind})' for c in columns)}. Change the "
            "files, or write the data set by hand, as docs/extending.md shows"
        )
    texts.sort(key=lambda c: (not means(c.name, TEXTS), -c.length))
    best, *more = texts
    reason = f"text of {best.length:g} words at the median"
    if more:
        both = ", ".join(c.name for c in texts)
        reason += f"; also texts: {', '.join(c.name for c in more)}; or join them: [{both}]"
    return _Input("text", {"text": best.name}, [best.name], {"columns.text": reason})


def _is_prose(column: Column) -> bool:
    """Are most cells different, and of several words."""
    return column.length >= 3 and column.distinct > len(column.values) / 2


def _is_channels_first(column: Column) -> bool:
    """Do all rows have equally many lists, which are much longer or differ in length."""
    nested = [v for v in column.values if v and isinstance(v[0], list)]
    counts = {len(value) for value in nested}
    widths = {len(step) for value in nested for step in value}
    if len(counts) != 1:
        return False
    return len(widths) > 1 or max(widths) >= 5 * max(counts)


def _find_wide(columns: Sequence[Column]) -> tuple[str, list[str]] | None:
    """Return the pattern, and the columns, of the most numbers whose names differ by a number."""
    families: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", column.name)
        if match and column.kind == "number" and "*" not in match[1] + match[3]:
            families[f"{match[1]}*{match[3]}"].append(column.name)
    if not families:
        return None
    pattern, names = max(families.items(), key=lambda item: len(item[1]))
    return (pattern, names) if len(names) >= WIDE_STEPS else None


def _find_long(columns: Sequence[Column]) -> _Input | None:
    """Return the long layout: an id that repeats, and a column that differs within each id."""
    steps = [c for c in columns if c.kind in ("number", "time")
             and (c.kind == "time" or means(c.name, STEPS))]  # fmt: skip
    ids = [c for c in columns if c.kind in ("number", "text") and c not in steps]
    ids.sort(key=lambda c: (not means(c.name, IDS), not means(c.name, GROUPS), -c.distinct))
    for owner in ids:
        if not (means(owner.name, IDS) or means(owner.name, GROUPS) or owner is ids[0]):
            continue
        rows = len(owner.cells)
        if not owner.distinct or not rows / owner.distinct >= LONG_STEPS or owner.distinct < 2:
            continue
        for step in steps:
            pairs = set(zip(owner.cells, step.cells, strict=True))
            if len(pairs) < ONCE * rows:
                continue
            constant = {c.name for c in _constant(columns, owner.name)}
            channels = [c.name for c in columns if c.kind == "number" and c.name not in constant
                        and c not in (owner, step)]  # fmt: skip
            if not channels:
                continue
            settings: dict[str, object] = {
                "id": owner.name, "order": step.name, "channels": channels,
            }  # fmt: skip
            if step.time_format:
                settings["time_format"] = step.time_format
            repeated = rows - len(pairs)
            if repeated:
                settings["duplicates"] = "mean"
            reasons = {
                "columns.long.id": f"{owner.distinct} values, each in several rows",
                "columns.long.order": f"differs within each {owner.name}",
                "columns.long.channels": f"numbers that change within a {owner.name}",
                "columns.long.duplicates": f"{repeated} rows have the id and time of another one",
            }
            return _Input("series", {"long": settings}, [owner.name, step.name, *channels], reasons)
    return None


def _constant(columns: Sequence[Column], owner: str) -> list[Column]:
    """Return the columns that have one value for each id."""
    ids = next(column for column in columns if column.name == owner).cells
    count = len(set(ids))
    return [
        column for column in columns
        if column.kind not in ("series", "list")
        and len(set(zip(ids, column.cells, strict=True))) == count
    ]  # fmt: skip


def _find_id(columns: Sequence[Column], target: str | None) -> Column | None:
    for column in columns:
        is_count = column.kind == "number" and means(column.name, IDS)
        is_key = column.kind == "text" and column.length == 1
        if column.is_unique and column.name != target and (is_count or is_key):
            return column
    return None


def _find_group(columns: Sequence[Column], target: str | None) -> Column | None:
    """Return a column that names who or what a row comes from, if it has rows in common."""
    for column in columns:
        repeats = 3 <= column.distinct <= len(column.values) / 2
        hinted = means(column.name, GROUPS) or means(column.name, IDS)
        if hinted and repeats and column.name != target and column.kind in ("text", "number"):
            return column
    return None


def _can_be_target(column: Column) -> bool:
    if column.distinct < 2 or column.kind in ("series", "time", "empty"):
        return False
    return (
        column.kind in ("number", "list") or _has_few(column) or find_separator(column) is not None
    )


def _has_few(column: Column) -> bool:
    return column.distinct <= max(FEW, FEW_SHARE * len(column.values))


def _rank(column: Column, position: int) -> tuple[bool, bool, bool, int]:
    """Order candidates: by their name, few values, text before numbers, the last column."""
    return not means(column.name, TARGETS), not _has_few(column), column.kind == "number", -position
