"""Which task a target column is for."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from conveyor.suggest.columns import Column
from conveyor.suggest.names import means

SEPARATORS = (";", "|", ",")
SEPARATED_SHARE = 0.05  # of the cells that have the separator
ROWS_A_NAME = 3  # in how many rows a separated name occurs, at the mean
FEW_NUMBERS = 10  # different numbers that may be names of something
ROWS_A_NUMBER = 5  # in how many rows each of them occurs, at the mean
SURE_SEPARATORS = (";", "|")  # a comma may also be part of one name
CATEGORIES = {"label", "labels", "class", "classes", "category", "intent", "species", "type"}


@dataclass(frozen=True)
class TaskChoice:
    """The settings of `dataset.target`.

    Attributes:
        other: the settings of the next best choice, if the column could be for another task.
        counts: rows of each value that the split must divide evenly; empty for numbers.
        rows: with a target.
    """

    target: dict[str, Any]
    reason: str
    other: dict[str, Any] | None
    counts: Counter[str]
    rows: int


def choose_task(column: Column) -> TaskChoice:
    """Choose the task from the values of the target."""
    name, rows = column.name, len(column.values)
    categories = {"task": "classification", "column": name}
    numbers = {"task": "regression", "columns": [name]}
    if column.kind == "list":
        counts = Counter(str(item) for value in column.values for item in set(value))
        reason = f"lists of {len(counts)} different names"
        return TaskChoice({"task": "multilabel", "column": name}, reason, None, counts, rows)
    separator = find_separator(column)
    if separator is not None:
        counts = _count_names(column, separator)
        reason = f"{len(counts)} different names, separated by {separator!r}"
        target = {"task": "multilabel", "column": name, "separator": separator}
        other = None if separator in SURE_SEPARATORS else categories
        return TaskChoice(target, reason, other, counts, rows)
    counts = Counter({str(value): count for value, count in column.counts.items()})
    if column.kind != "number":
        return TaskChoice(categories, f"{len(counts)} different values", None, counts, rows)
    whole = all(number.is_integer() for number in column.numbers)
    is_name = means(name, CATEGORIES)
    repeats = rows >= ROWS_A_NUMBER * len(counts)
    if whole and repeats and (is_name or len(counts) <= FEW_NUMBERS):
        reason = f"only {len(counts)} different numbers, all whole"
        return TaskChoice(categories, reason, None if is_name else numbers, counts, rows)
    reason = f"{len(counts)} different numbers"
    other = categories if is_name or (repeats and len(counts) <= FEW_NUMBERS) else None
    return TaskChoice(numbers, reason, other, Counter(), rows)


def find_separator(column: Column) -> str | None:
    """Return the separator of texts such as "news; sport", whose names repeat; None if there is
    none."""
    if column.kind != "text":
        return None
    for separator in SEPARATORS:
        joined = [v for v in column.values if separator in str(v)]
        if len(joined) < max(1, SEPARATED_SHARE * len(column.values)):
            continue
        names = _count_names(column, separator)
        rare = sum(names.values()) < ROWS_A_NAME * len(names)
        if not rare and len(names) < column.distinct:
            return separator
    return None


def _count_names(column: Column, separator: str) -> Counter[str]:
    """Return in how many rows each name occurs."""
    rows = ({part.strip() for part in str(value).split(separator)} for value in column.values)
    return Counter(name for names in rows for name in names if name)
