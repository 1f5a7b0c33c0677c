"""The columns of a wide table, in which each step of a series, or each series, has a column."""

import re
from collections.abc import Iterable


def match_wide(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the columns of a wide table in order of their steps.

    >>> match_wide("t*", ["t10", "t9", "target"])
    ['t9', 't10']

    Args:
        pattern: a name in which `*` stands for what begins with a digit: a number, by which the
            columns are sorted, or a date; columns of dates keep their order.
    """
    before, after = map(re.escape, pattern.split("*"))
    matches = [re.fullmatch(rf"{before}(\d.*?){after}", name) for name in names]
    steps = {match[0]: match[1] for match in matches if match}
    try:
        return sorted(steps, key=lambda name: float(steps[name]))
    except ValueError:
        return list(steps)


def match_series(pattern: str, names: Iterable[str], time: str) -> list[str]:
    """Return the columns of a wide table of which each is a series, in their order.

    >>> match_series("load_*", ["time", "load_b", "load_a", "load"], "time")
    ['load_b', 'load_a']

    Args:
        pattern: a name in which `*` stands for one character or more.
        time: the column of times, which is no series.
    """
    before, after = map(re.escape, pattern.split("*"))
    matches = [name for name in names if re.fullmatch(f"{before}.+{after}", name, re.DOTALL)]
    return [name for name in matches if name != time]
