"""Finds the columns that hold the input: a text or a series, in one of the layouts."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from conveyor.errors import DataError
from conveyor.suggest.columns import Column
from conveyor.suggest.names import GROUPS, IDS, STEPS, TEXTS, means

WIDE_STEPS = 5  # columns of numbers that make a wide series
LONG_STEPS = 3  # steps a series that make a long one, at the mean
ONCE = 0.9  # the share of rows of the long layout that have an id and a time of their own


@dataclass(frozen=True)
class InputColumns:
    """The settings of `dataset.columns` without the id, their columns, and reasons by setting."""

    kind: str
    columns: dict[str, object]
    names: list[str]
    reasons: dict[str, str]


def find_input(columns: Sequence[Column]) -> InputColumns:
    """Find the input: a nested series, else a wide one, else a text, else a long series.

    Raises:
        DataError: there is none.
    """
    series = [c for c in columns if c.kind == "series"]
    if series:
        longest = max(series, key=lambda c: c.length)
        reason = f"a list of {longest.length:g} steps at the median"
        settings: dict[str, object] = {"series": longest.name}
        if _is_channels_first(longest):
            settings["layout"] = "channels_first"
        return InputColumns("series", settings, [longest.name], {"columns.series": reason})
    wide = _find_wide(columns)
    if wide is not None:
        pattern, names = wide
        reason = f"{len(names)} columns of numbers, from {names[0]} to {names[-1]}"
        return InputColumns("series", {"wide": pattern}, names, {"columns.wide": reason})
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
    return InputColumns("text", {"text": best.name}, [best.name], {"columns.text": reason})


def _is_prose(column: Column) -> bool:
    """Are most cells different, and of several words."""
    return column.length >= 3 and column.distinct > len(column.values) / 2


def _is_channels_first(column: Column) -> bool:
    """Do all rows have equally many lists, which are much longer or differ in length."""
    nested = [v for v in column.values if any(isinstance(step, list) for step in v)]
    counts = {len(value) for value in nested}
    widths = {len(step) for value in nested for step in value if isinstance(step, list)}
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


def _find_long(columns: Sequence[Column]) -> InputColumns | None:
    """Return the long layout: an id that repeats, and a column that differs within each id."""
    steps = [
        c for c in columns if c.kind == "time" or (c.kind == "number" and means(c.name, STEPS))
    ]
    ids = [c for c in columns if c not in steps and (c.kind == "text" or _is_whole(c))]
    ids.sort(key=lambda c: (not means(c.name, IDS), not means(c.name, GROUPS), -c.distinct))
    for owner in ids:
        is_named = means(owner.name, IDS) or means(owner.name, GROUPS) or owner is ids[0]
        repeats = 2 <= owner.distinct <= len(owner.cells) / LONG_STEPS
        for step in steps if is_named and repeats else ():
            layout = _describe_long(columns, owner, step)
            if layout is not None:
                return layout
    return None


def _describe_long(columns: Sequence[Column], owner: Column, step: Column) -> InputColumns | None:
    """Return the long layout of this id and step; None if steps are not unique, or if no number
    changes within an id."""
    repeated = len(owner.cells) - len(set(zip(owner.cells, step.cells, strict=True)))
    constant = {column.name for column in constant_columns(columns, owner.name)}
    channels = [c.name for c in columns if c.kind == "number" and c.name not in constant
                and c not in (owner, step)]  # fmt: skip
    if repeated > (1 - ONCE) * len(owner.cells) or not channels:
        return None
    layout: dict[str, object] = {"id": owner.name, "order": step.name, "channels": channels}
    if step.time_format:
        layout["time_format"] = step.time_format
    if repeated:
        layout["duplicates"] = "mean"
    reasons = {
        "columns.long.id": f"{owner.distinct} values, each in several rows",
        "columns.long.order": f"differs within each {owner.name}",
        "columns.long.channels": f"numbers that change within a {owner.name}",
        "columns.long.duplicates": f"{repeated} rows have the id and time of another one",
    }
    return InputColumns("series", {"long": layout}, [owner.name, step.name, *channels], reasons)


def _is_whole(column: Column) -> bool:
    return column.kind == "number" and all(number.is_integer() for number in column.numbers)


def constant_columns(columns: Sequence[Column], owner: str) -> list[Column]:
    """Return the columns that have one value for each id."""
    ids = next(column for column in columns if column.name == owner).cells
    count = len(set(ids))
    return [
        column for column in columns
        if column.kind not in ("series", "list")
        and len(set(zip(ids, column.cells, strict=True))) == count
    ]  # fmt: skip
