"""How rows are divided into train, validation and test."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from conveyor.suggest.columns import Column

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
    by, reasons = "share", {}
    if time is not None and "test" not in parts:
        if group is not None:
            reasons["split.test"] = f"at random, and by group; {time.name} is not used"
        elif _is_rising(time):
            by = "order"
            reasons["split.test"] = f"the newest rows: they are in the order of {time.name}"
        else:
            reasons["split.test"] = (
                f"at random. The rows are not in the order of {time.name}; sort the file by it and "
                "write `by: order` to test on the newest"
            )
    split: Split = {}
    for name, share in (("test", test), ("validation", validation)):
        if name in parts:
            split[name] = {"by": "given"}
            reasons[f"split.{name}"] = "a file of its own"
        else:
            split[name] = {"by": by if name == "test" else "share", "share": share}
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


def _is_rising(time: Column) -> bool:
    """Are the times in order; text as ISO 8601 sorts like its times."""
    if time.time_format is not None:
        moments = [datetime.strptime(str(v), time.time_format) for v in time.values]
        return moments == sorted(moments)
    return list(time.values) == sorted(time.values)
