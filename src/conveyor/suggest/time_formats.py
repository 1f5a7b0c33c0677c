"""Finds the notation of times."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import product

# Notations beside ISO 8601, the day first; where the cells fit both orders, the first one wins.
DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", ", %H:%M", " %I:%M %p")
ISO = ""
TRIED = 200  # texts that are looked at closely
SEPARATOR = re.compile(r"\d[-/.:]\d")


def find_time_format(texts: Sequence[str]) -> str | None:
    """Return ISO for ISO 8601, a format of `strptime` that fits all texts, or None if none does."""
    sample = list(texts[:: max(1, len(texts) // TRIED)])
    if not all(text[:1].isdigit() and SEPARATOR.search(text) for text in sample):
        return None
    if all(_is_iso(text) for text in sample):
        return ISO if all(_is_iso(text) for text in texts) else None
    formats = (date + clock for date, clock in product(DATES, CLOCKS))
    for time_format in formats:
        if _fits(sample, time_format) and _fits(texts, time_format):
            return time_format
    return None


def is_ambiguous(texts: Sequence[str], time_format: str) -> bool:
    """Return whether the order of day and month could be the other one, too."""
    other = time_format.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
    return other != time_format and time_format[1] != "Y" and _fits(texts, other)


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


def _fits(texts: Sequence[str], time_format: str) -> bool:
    try:
        for text in texts:
            datetime.strptime(text, time_format)
    except ValueError:
        return False
    return True
