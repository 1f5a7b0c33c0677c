"""Finds the columns that hold the input: a text or a series, in one of the layouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conveyor.errors import DataError
from conveyor.suggest.columns import Column, describe_column
from conveyor.suggest.families import find_families
from conveyor.suggest.names import GROUPS, IDS, STEPS, TEXTS, means
from conveyor.suggest.write import flow

NESTED_STEPS = 3  # of a list that is a series rather than a place, at the median
NESTED_ROWS = 0.8  # the share of rows that have a list
LONG_STEPS = 3  # steps a series that make a long one, at the mean
ONCE = 0.9  # the share of rows of the long layout that have an id and a time of their own; of
# ids that have a value, where it stands in one of their rows


@dataclass(frozen=True)
class InputColumns:
    """The settings of `dataset.columns` without the id, their columns, and reasons by setting.

    Attributes:
        phrase: what is read, in a sentence.
        notes: what a person should look at.
    """

    kind: str
    columns: dict[str, object]
    names: list[str]
    reasons: dict[str, str]
    phrase: str
    notes: list[str] = field(default_factory=list)


def find_input(
    columns: Sequence[Column], target: str | None, wanted: str | None = None
) -> InputColumns:
    """Find the input: nested series, else a wide one, else a text, else a long series. Rows that
    are the steps of a long series go before wide ones, and texts before short lists.

    Args:
        columns: with the one to predict.
        target: its name, if somebody says so.
        wanted: a column of the input, if somebody says so.

    Raises:
        DataError: there is none, or `wanted` is none.
    """
    free = [column for column in columns if column.name != target]
    nested = sorted((c for c in free if c.kind == "series"), key=lambda c: -c.length)
    texts = [c for c in free if c.kind == "text" and _is_prose(c)]
    families = find_families(free)
    if wanted is not None:
        return _find_wanted(free, families, wanted)
    readings = [_describe_nested(column) for column in nested if _is_full(column)]
    if families:
        long = find_long(free)
        if long is not None and _has_target(columns, target, long):
            readings.append(long)
        readings.append(_describe_wide(families))
    if texts:
        readings.append(_describe_texts(texts))
    if not readings:
        long = find_long(free)
        readings = [] if long is None else [long]
    readings += [_describe_nested(column) for column in nested if not _is_full(column)]
    if not readings:
        readings = [_describe_texts(_find_short_texts(free))]
    first, *others = readings
    return replace(first, notes=[*first.notes, *(_compare(first, other) for other in others)])


def _find_wanted(
    columns: Sequence[Column], families: Mapping[str, Sequence[str]], wanted: str
) -> InputColumns:
    """Return the input that has a column."""
    readings = [_describe_nested(c) for c in columns if c.kind == "series" and c.name == wanted]
    readings += [_describe_texts([c]) for c in columns if c.kind == "text" and c.name == wanted]
    readings += [_describe_wide({p: names}) for p, names in families.items() if wanted in names]
    long = find_long(columns)
    readings += [long] if long is not None and wanted in long.names else []
    if not readings:
        kinds = ", ".join(f"{c.name} ({c.kind})" for c in columns)
        raise DataError(
            f"--input: expected a column of texts, of series, or of steps; got {wanted!r} of "
            f"{kinds}. Name another column"
        )
    return readings[0]


def _compare(reading: InputColumns, other: InputColumns) -> str:
    change = f"run the command again with  --input {flow(other.names[0])} --force"
    if other.kind == reading.kind:
        change = f"write  columns: {flow(other.columns)}"
    return f"{reading.phrase} seem to be the input. If {other.phrase} are, {change}"


def _describe_nested(column: Column) -> InputColumns:
    reason = f"a list of {column.length:g} steps at the median"
    settings: dict[str, object] = {"series": column.name}
    if _is_channels_first(column):
        settings["layout"] = "channels_first"
    phrase = f"the lists of {column.name!r}"
    return InputColumns("series", settings, [column.name], {"columns.series": reason}, phrase)


def _is_full(column: Column) -> bool:
    """Whether most rows have a list, and these are long enough for a series."""
    rows = sum(len(value) > 0 for value in column.values)
    return column.length >= NESTED_STEPS and rows >= NESTED_ROWS * len(column.cells)


def _describe_wide(families: Mapping[str, Sequence[str]]) -> InputColumns:
    """Describe the family of the most columns; a wide series has one channel."""
    (pattern, names), *others = families.items()
    reason = f"{len(names)} columns of numbers, from {names[0]} to {names[-1]}"
    notes = []
    if others:
        rest = ", ".join(f"{other} ({len(more)} columns)" for other, more in others)
        notes = [
            f"only the columns {pattern!r} are read, and not {rest}: a wide series has one "
            "channel. To read all, write a row for each step, with a column for each channel"
        ]
    return InputColumns(
        "series", {"wide": pattern}, list(names), {"columns.wide": reason},
        f"the columns {pattern!r}", notes,
    )  # fmt: skip


def _describe_texts(texts: Sequence[Column]) -> InputColumns:
    best, *more = sorted(texts, key=lambda c: (not means(c.name, TEXTS), -c.length))
    reason = f"text of {best.length:g} words at the median"
    if more:
        names = ", ".join(c.name for c in more)
        reason += f"; also texts: {names}; or join them: [{best.name}, {names}]"
    phrase = f"the texts of {best.name!r}"
    return InputColumns("text", {"text": best.name}, [best.name], {"columns.text": reason}, phrase)


def _find_short_texts(columns: Sequence[Column]) -> list[Column]:
    """Return the texts that are no prose and mostly different, other than ids."""
    texts = [c for c in columns if c.kind == "text" and c.distinct > len(c.values) / 2
             and not means(c.name, IDS)]  # fmt: skip
    if not texts:
        raise DataError(
            "expected a column of texts or of series, columns t0, t1, …, or a column of ids beside "
            f"one of steps; got {', '.join(f'{c.name} ({c.kind})' for c in columns)}. Change the "
            "files, or write the data set by hand, as docs/extending.md shows"
        )
    return texts


def _is_prose(column: Column) -> bool:
    """Whether most cells are different, and have several words."""
    return column.length >= 3 and column.distinct > len(column.values) / 2


def _is_channels_first(column: Column) -> bool:
    """Whether all rows have equally many lists, which are much longer or differ in length."""
    nested = [v for v in column.values if any(isinstance(step, list) for step in v)]
    counts = {len(value) for value in nested}
    widths = {len(step) for value in nested for step in value if isinstance(step, list)}
    if len(counts) != 1:
        return False
    return len(widths) > 1 or max(widths) >= 5 * max(counts)


def find_long(columns: Sequence[Column]) -> InputColumns | None:
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
    names = [owner.name, step.name, *channels]
    phrase = f"the rows of each {owner.name!r}"
    return InputColumns("series", {"long": layout}, names, reasons, phrase)


def _has_target(columns: Sequence[Column], target: str | None, long: InputColumns) -> bool:
    """Whether each series of the long layout has one value of the target, or of a column that may
    be it."""
    owner = long.names[0]
    constant = [c.name for c in constant_columns(columns, owner) if c.distinct > 1]
    return target in constant if target is not None else constant != [owner]


def _is_whole(column: Column) -> bool:
    return column.kind == "number" and all(number.is_integer() for number in column.numbers)


def constant_columns(columns: Sequence[Column], owner: str) -> list[Column]:
    """Return the columns that have one value for each id; other rows of the id may be empty."""
    ids = next(column for column in columns if column.name == owner).cells
    return [
        column for column in columns
        if column.kind not in ("series", "list") and _is_constant(column, ids)
    ]  # fmt: skip


def _is_constant(column: Column, ids: Sequence[Any]) -> bool:
    count, pairs = len(set(ids)), set(zip(ids, column.cells, strict=True))
    values = {(owner, cell) for owner, cell in pairs if cell is not None}
    owners = len({owner for owner, _ in values})
    return len(pairs) == count or (len(values) == owners and owners >= ONCE * count)


def take_first(column: Column, ids: Sequence[Any]) -> Column:
    """Return a column of the first value of each id, which is empty if it has none."""
    cells: dict[Any, Any] = {}
    for row, (owner, cell) in enumerate(zip(ids, column.cells, strict=True)):
        if cells.get(owner) in (None, " "):
            blank = " " if row in column.blank_rows else None  # as the reader had it
            cells[owner] = blank if cell is None else cell
    return describe_column(column.name, list(cells.values()))
