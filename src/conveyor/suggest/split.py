"""How rows are divided into train, validation and test."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from conveyor.data.table import build_column
from conveyor.data.times import CellError, read_times
from conveyor.suggest.columns import Column
from conveyor.suggest.time_formats import is_ambiguous

# Shares of the test rows, and of the validation rows among those that are left, the usual ones
# first; the next ones are for few rows.
SHARES = ((0.2, 0.15), (0.2, 0.2), (0.25, 0.25), (0.25, 0.34), (0.34, 0.5))
MOST = 0.5  # the share of the rows whose values, the most frequent ones, decide on the shares
Split = dict[str, Any]


def choose_split(
    parts: Collection[str],
    counts: Counter[str],
    rows: int,
    group: Column | None,
    time: Column | None,
    min_rows: int,
) -> tuple[Split, dict[str, str]]:
    """Choose the settings of `dataset.split`, and the reasons by dotted setting.

    Args:
        parts: of the source, such as train and test, or all.
        counts: rows of each value of the target; empty for numbers.
        rows: with a target.
        time: a column of times, one a row; None if there is none.
        min_rows: of each value in each part, as the checks demand.
    """
    test, validation = choose_shares(counts, rows, min_rows)
    reasons: dict[str, str] = {}
    split: Split = {}
    for name, share in (("test", test), ("validation", validation)):
        if name in parts:
            split[name] = {"by": "given"}
            reasons[f"split.{name}"] = "a file of its own"
        else:
            split[name] = {"by": "share", "share": share}
    if time is not None and "test" not in parts:
        obstacle = "rows of a group stay together" if group is not None else _find_obstacle(time)
        reasons["split.test"] = f"at random, and not the newest by {time.name}: {obstacle}"
        if obstacle is None:
            split["test"] = {"by": "time", "column": time.name, "share": test}
            if time.time_format is not None:
                split["test"]["time_format"] = time.time_format
            reasons["split.test"] = f"the newest rows by {time.name}"
            if time.time_format and is_ambiguous(time.values, time.time_format):
                reasons["split.test"] += "; or is the month before the day?"
    usual = SHARES[0]
    if (test, validation) != usual and counts and "test" not in parts:
        fewest, count = _frequent(counts)[-1]
        reasons["split.validation"] = f"large, since {fewest!r} has only {count} rows"
    if "test" not in parts:
        reasons.setdefault("split.test", "drawn at random, with equal shares of the target")
    if group is not None and "test" not in parts:
        split["group"] = group.name
        reasons["split.group"] = f"{group.distinct} values; rows of one of them stay together"
    return split, reasons


def choose_shares(counts: Counter[str], rows: int, min_rows: int) -> tuple[float, float]:
    """Return the first shares with which each part has enough rows of the frequent values.

    The others do not count: of these a split keeps what training needs. Nor do values that have too
    few rows for any shares.
    """
    frequent = [count for _, count in _frequent(counts)] or [rows]
    sizes = [count for count in frequent if _fits(count, SHARES[-1], min_rows)]
    for shares in SHARES:
        if all(_fits(count, shares, min_rows) for count in sizes):
            return shares
    return SHARES[0]


def _frequent(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the most frequent values that have half of the rows, and the rows of each."""
    frequent, rows = [], 0
    for value, count in counts.most_common():
        if rows >= MOST * counts.total():
            break
        frequent.append((value, count))
        rows += count
    return frequent


def _fits(count: int, shares: tuple[float, float], min_rows: int) -> bool:
    test = round(shares[0] * count)
    validation = round(shares[1] * (count - test))
    return min(test, validation, count - test - validation) >= min_rows


def _find_obstacle(time: Column) -> str | None:
    """Return why rows cannot be put in order of a time; None if they can."""
    empty = len(time.cells) - len(time.values)
    if empty:
        return f"{empty} rows have none"
    if time.distinct == 1:
        return "all rows have the same"
    try:
        read_times(build_column(list(time.values)), time.time_format, "time_format")
    except CellError as error:
        return str(error).partition(". ")[0]
    return None
