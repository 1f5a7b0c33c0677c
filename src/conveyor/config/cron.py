"""Checks a cron expression of five fields before a scheduler reads it; croniter parses it."""

import re
from collections.abc import Sequence
from datetime import datetime

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31",
    "month": "1 to 12, or jan to dec",
    "day of the week": "0 to 7 (0 and 7 are Sunday), or sun to sat",
}
EXAMPLE = "Example: '30 2 * * *' runs at 02:30 every day"
# croniter also reads extensions (L, #, H, R, ?) that not every scheduler knows; these are refused.
VALUE = "(?:[0-9]+|[a-z]{3})"
ENTRY = re.compile(rf"(?:\*|(?P<first>{VALUE})-(?P<last>{VALUE}))(?:/0*[1-9][0-9]*)?|{VALUE}")


def check_cron(text: str) -> None:
    """Check that each scheduler can run the expression, and that its date comes some day.

    Raises:
        ValueError: there are not five fields, a field cannot be read, or the date never comes. The
            message names the field.
    """
    fields = text.split()
    if len(fields) != len(FIELDS):
        names = " ".join(name.replace(" of the ", "-of-") for name in FIELDS)
        raise ValueError(f"expected 5 fields, {names}; got {len(fields)}. {EXAMPLE}")
    for name, field in zip(FIELDS, fields, strict=True):
        for entry in field.split(","):
            _check_entry(name, entry)
    if not either_day_suffices(text):
        _check_date(fields)


def expand_cron(text: str) -> list[Sequence[int | str]]:
    """The values of each field of a checked expression; a field that allows all holds "*".

    Days of the week count from 0, Sunday.
    """
    return [_expand(name, field) for name, field in zip(FIELDS, text.split(), strict=True)]


def either_day_suffices(text: str) -> bool:
    """Whether a day runs that fits one of the two day fields; else it has to fit both.

    By crontab(5) it has to fit both where one of the fields begins with `*`.
    """
    _, _, day, _, weekday = text.split()
    return not day.startswith("*") and not weekday.startswith("*")


def _check_entry(name: str, entry: str) -> None:
    """Check `*`, `5`, `1-5`, `*/15` or `8-18/2`: one entry of the list in a field."""
    allowed = f"{name}: expected {FIELDS[name]}"
    match = ENTRY.fullmatch(entry.lower())
    if match is None:
        raise ValueError(
            f"{allowed}, a range (1-5) or a step of 1 or more (*/15); got {entry!r}. {EXAMPLE}"
        )
    try:
        _expand(name, entry)
        rises = not match["last"] or _number(name, match["first"]) < _number(name, match["last"])
    except CroniterError:
        raise ValueError(f"{allowed}; got {entry!r}. {EXAMPLE}") from None
    if not rises:  # croniter would read 9-5 as a range over midnight, and 5-5 as all values
        raise ValueError(f"{name}: expected a range from low to high; got {entry!r}")


def _expand(name: str, field: str) -> Sequence[int | str]:
    """The values of one field, read by croniter in an expression whose other fields allow all."""
    fields = {**dict.fromkeys(FIELDS, "*"), name: field}
    values = croniter.expand(" ".join(fields.values()))[0][list(FIELDS).index(name)]
    return ["*"] if "*" in values else values


def _number(name: str, value: str) -> int:
    """The number of a value; a day or a month may be named. 7 stays 7, so that 5-7 rises."""
    return int(value) if value.isdigit() else int(_expand(name, value)[0])


def _check_date(fields: list[str]) -> None:
    day, month = fields[2:4]
    try:
        croniter(f"0 0 {day} {month} *", datetime(2000, 1, 1)).get_next()
    except CroniterBadDateError:
        raise ValueError(
            f"expected a date that exists; day of the month {day!r} never comes in month {month!r}"
        ) from None
