"""Which column is the input, the target, the id, and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from conveyor.errors import DataError
from conveyor.suggest.columns import Column
from conveyor.suggest.inputs import constant_columns, find_input, take_first
from conveyor.suggest.names import GROUPS, IDS, is_named, means
from conveyor.suggest.targets import find_obstacle, rank


@dataclass
class Roles:
    """What the columns are.

    Attributes:
        columns: the settings of `dataset.columns`.
        inputs: the columns that hold the input, and the id and time of the long layout.
        target: the column to predict; of the long layout, a cell for each series.
        others: columns that could be the target, too, the best first.
        group: a column whose equal values belong together; None where rows are independent.
        time: a column of times, one a row; None if there is none.
        reasons: by dotted setting, why it is so.
        notes: what a person should look at.
    """

    kind: str
    columns: dict[str, object]
    inputs: list[str]
    target: Column
    others: list[Column]
    group: Column | None = None
    time: Column | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def names(self) -> dict[str, str]:
        """Return, by column, a name that says its role."""
        roles = {self.columns.get(role): role for role in ("text", "series", "id")}
        return {str(name): role for name, role in roles.items() if name is not None} | {
            self.target.name: "target"
        }


def assign_roles(
    columns: Sequence[Column], target: str | None = None, wanted_input: str | None = None
) -> Roles:
    """Assign a role to each column that has one.

    Args:
        target: the column to predict, if somebody says so.
        wanted_input: a column of the input, likewise.

    Raises:
        DataError: there is no such column, no input, or nothing to predict.
    """
    names = [column.name for column in columns]
    for option, name in (("--target", target), ("--input", wanted_input)):
        if name is not None and name not in names:
            listed = ", ".join(map(repr, names))
            raise DataError(f"{option}: expected one of the columns {listed}; got {name!r}")
    obstacles = {c.name: find_obstacle(c, is_named=c.name == target) for c in columns}
    _require_target(target, obstacles)
    usable = [c for c in columns if c.kind != "empty" and (is_named(c.name) or c.name == target)]
    chosen = find_input(usable, target, wanted_input)
    rest = [column for column in usable if column.name not in chosen.names]
    long: dict[str, object] | None = chosen.columns.get("long")  # type: ignore[assignment]
    per_series = usable if long is None else constant_columns(usable, str(long["id"]))
    unique = None if long else _find_id(rest, target)
    candidates = [c for c in rest if c is not unique and (not long or c in per_series)]
    group = _find_group(candidates, target)
    if long:
        changing = [c.name for c in rest if c not in per_series]
        obstacles |= dict.fromkeys(changing, f"changes within {long['id']!r}")
        _require_target(target, obstacles)
    ranked = sorted(
        (c for c in candidates if obstacles[c.name] is None and c is not group),
        key=lambda c: (c.name != target, *rank(c, names.index(c.name))),
    )
    if not ranked:
        obstacles |= {c.name: "seems to be an id" for c in (unique, group) if c is not None}
        others = ", ".join(f"{c.name}, which {obstacles[c.name]}" for c in rest)
        raise DataError(
            f"expected a column to predict beside the input {', '.join(chosen.names)}; got "
            f"{others or 'none'}. Change the file, or name a column with --target COLUMN"
        )
    best = ranked[0]
    if long:
        best = take_first(best, next(c for c in columns if c.name == long["id"]).cells)
    roles = Roles(chosen.kind, chosen.columns, chosen.names, best, ranked[1:])
    roles.reasons, roles.notes = chosen.reasons, chosen.notes
    if unique is not None:
        roles.columns["id"] = unique.name
        roles.reasons["columns.id"] = "differs in each row, and names it in reports"
    roles.group = group
    times = [c for c in candidates if c.kind == "time" and c is not ranked[0]]
    roles.time = times[0] if times and not long else None
    return roles


def _require_target(target: str | None, obstacles: Mapping[str, str | None]) -> None:
    if target is not None and obstacles[target] is not None:
        raise DataError(
            f"--target: expected a column to predict; got {target!r}, which {obstacles[target]}. "
            "Change the file, or name another column"
        )


def _find_id(columns: Sequence[Column], target: str | None) -> Column | None:
    for column in columns:
        is_count = column.kind == "number" and means(column.name, IDS)
        is_key = column.kind == "text" and column.length == 1
        is_named = is_count or is_key or _counts_rows(column)
        if column.name != target and column.is_unique and is_named:
            return column
    return None


def _counts_rows(column: Column) -> bool:
    """Whether the values are whole numbers without a gap, in their order."""
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
