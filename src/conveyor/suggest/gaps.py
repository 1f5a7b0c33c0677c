"""Counts rows that lack something: the target, the input, or values of a series."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conveyor.suggest.columns import Column
from conveyor.suggest.roles import Roles
from conveyor.suggest.task import find_separator


def count_unusable(columns: Mapping[str, Column], roles: Roles) -> int:
    """Count the rows without a target, and those without a text or a nested series.

    An empty text is a set of no labels, where others are labels with a separator.
    """
    target = roles.target
    empty_sets = target.blank_rows if find_separator(target) is not None else frozenset()
    rows = {row for row in _rows_without(target) if row not in empty_sets}
    if "long" not in roles.columns and "wide" not in roles.columns:
        rows |= {row for name in roles.inputs for row in _rows_without(columns[name])}
    return len(rows)


def count_with_gaps(columns: Mapping[str, Column], roles: Roles) -> int:
    """Count the series that lack a value; of the long layout, its steps.

    The end of a row of a wide table is its last value.
    """
    if "long" in roles.columns:
        channels = [columns[name] for name in roles.inputs[2:]]
        return len({row for column in channels for row in _rows_without(column)})
    if "wide" in roles.columns:
        steps = [columns[name] for name in roles.inputs]
        rows = zip(*(column.cells for column in steps), strict=True)
        return sum(_has_gap([_is_none(c, s) for c, s in zip(r, steps, strict=True)]) for r in rows)
    return sum(_has_none(value) for value in columns[roles.inputs[0]].values)


def _rows_without(column: Column) -> Iterator[int]:
    return (row for row, cell in enumerate(column.cells) if _is_none(cell, column))


def _is_none(cell: Any, column: Column) -> bool:
    return cell is None or cell in column.none_cells


def _has_gap(missing: Sequence[bool]) -> bool:
    """Whether a step is missing before one that is there."""
    last = max((i for i, is_missing in enumerate(missing) if not is_missing), default=-1)
    return any(missing[:last])


def _has_none(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_none(item) for item in value)
    return value is None or value != value
