"""Which column is the input, the target, the id, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from conveyor.errors import DataError
from conveyor.suggest.columns import Column
from conveyor.suggest.inputs import constant_columns, find_input
from conveyor.suggest.names import GROUPS, IDS, TARGETS, is_named, means
from conveyor.suggest.task import find_separator

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

    def names(self) -> dict[str, str]:
        """Return, by column, a name that says its role."""
        roles = {self.columns.get(role): role for role in ("text", "series", "id")}
        return {str(name): role for name, role in roles.items() if name is not None} | {
            self.target.name: "target"
        }


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
    usable = [c for c in columns if c.kind != "empty" and (is_named(c.name) or c.name == target)]
    free = [column for column in usable if column.name != target]
    chosen = find_input(free)
    rest = [column for column in usable if column.name not in chosen.names]
    long: dict[str, object] | None = chosen.columns.get("long")  # type: ignore[assignment]
    per_series = usable if long is None else constant_columns(usable, str(long["id"]))
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


def _find_id(columns: Sequence[Column], target: str | None) -> Column | None:
    for column in columns:
        is_count = column.kind == "number" and means(column.name, IDS)
        is_key = column.kind == "text" and column.length == 1
        is_named = is_count or is_key or _counts_rows(column)
        if column.name != target and column.is_unique and is_named:
            return column
    return None


def _counts_rows(column: Column) -> bool:
    """Are the values whole numbers without a gap, in their order."""
    return column.kind == "number" and all(
        after - before == 1 for before, after in pairwise(column.numbers)
    )


def _find_group(columns: Sequence[Column], target: str | None) -> Column | None:
    """Return a column that names who or what a row comes from, if it has rows in common."""
    for column in columns:
        repeats = 3 <= column.distinct <= len(column.values) / 2
        hinted = means(column.name, GROUPS) or means(column.name, IDS)
        if hinted and repeats and column.name != target and column.kind in ("text", "number"):
            return column
    return None


def _can_be_target(column: Column) -> bool:
    if column.distinct < 2 or column.kind in ("series", "time", "thousands", "empty"):
        return False
    return (
        column.kind in ("number", "list") or _has_few(column) or find_separator(column) is not None
    )


def _has_few(column: Column) -> bool:
    return column.distinct <= max(FEW, FEW_SHARE * len(column.values))


def _rank(column: Column, position: int) -> tuple[bool, bool, bool, int]:
    """Order candidates: by their name, few values, text before numbers, the last column."""
    return not means(column.name, TARGETS), not _has_few(column), column.kind == "number", -position
