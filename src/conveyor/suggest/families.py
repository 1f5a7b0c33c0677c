"""Finds columns of numbers whose names differ by a number or a date: the steps of wide series."""

import re
from collections import defaultdict
from collections.abc import Sequence

from conveyor.encoding.wide_columns import match_wide
from conveyor.suggest.columns import Column

STEPS = 5  # columns of numbers that make a wide series
DATED = re.compile(r"(.*?)(\d{4}[-_./]\d\d(?:[-_./]\d\d)?)(\D*)")
YEAR_AND_MONTH, YEAR = 8, 5  # characters of a date, with the separator
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)")


def find_families(columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return the columns of each pattern of `columns.wide`, the most columns first."""
    names = [c.name for c in columns if c.kind == "number" and "*" not in c.name]
    families = _find_dated(names, [column.name for column in columns])
    dated = {name for family in families.values() for name in family}
    numbered: dict[str, list[str]] = defaultdict(list)
    for name in names:
        match = NUMBERED.fullmatch(name)
        if match and name not in dated:
            numbered[f"{match[1]}*{match[3]}"].append(name)
    large = [item for item in (families | numbered).items() if len(item[1]) >= STEPS]
    return dict(sorted(large, key=lambda item: -len(item[1])))


def _find_dated(names: Sequence[str], all_names: Sequence[str]) -> dict[str, list[str]]:
    """Return columns of dates: `2024-*` of two months, `*` of two years.

    A pattern that matches another column, too, is left out.
    """
    dates: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        match = DATED.fullmatch(name)
        if match:
            dates[match[1], match[3]].append(match[2])
    families = {}
    for (before, after), days in dates.items():
        starts = ({day[:length] for day in days} for length in (YEAR_AND_MONTH, YEAR, 0))
        [start] = next(start for start in starts if len(start) == 1)
        pattern = f"{before}{start}*{after}"
        family = [f"{before}{day}{after}" for day in days]
        if set(match_wide(pattern, all_names)) == set(family):
            families[pattern] = family
    return families
