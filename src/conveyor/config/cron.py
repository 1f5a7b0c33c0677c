"""Cron expressions: read, checked, and laid open as sets of numbers."""

from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month


@dataclass(frozen=True)
class Field:
    """One of the five places: its numbers, and the names that stand for some of them."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """
        Raises:
            ValueError: no number or name of this field, which is named.
        """
        if text.lower() in self.names:
            return self.low + self.names.index(text.lower())
        if not (text.isascii() and text.isdigit()) or not self.low <= int(text) <= self.high:
            names = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
            raise ValueError(
                f"the {self.name} {text!r} is not one of {self.low} to {self.high}{names}"
            )
        return int(text)

    def numbers(self, text: str) -> frozenset[int]:
        """`*`, `5`, `1-5`, `*/15`, `8-18/2`, and lists of them joined by commas."""
        found: set[int] = set()
        for part in text.split(","):
            span, slash, step = part.partition("/")
            if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
                raise ValueError(
                    f"the {self.name} has the step {step!r}; a number from 1 is needed"
                )
            first, dash, last = span.partition("-")
            if span == "*":
                low, high = self.low, self.high
            else:
                low = self.number(first)
                high = self.number(last) if dash else low
            if slash and span != "*" and not dash:
                raise ValueError(f"the {self.name} {part!r} steps through no range; write */{step}")
            if high < low:
                raise ValueError(f"the {self.name} {span!r} runs backwards")
            found.update(range(low, high + 1, int(step) if slash else 1))
        return frozenset(found)


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, DAYS),  # 0 and 7 are Sunday
)


@dataclass(frozen=True)
class Cron:
    """The numbers of each field; `either` days: one of the two day fields is enough."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool


def parse(text: str) -> Cron:
    """Read five fields.

    A day must fit both day fields where one begins with `*`, else one of them; see crontab(5).

    >>> sorted(parse("*/20 2 * * mon-fri").minutes)
    [0, 20, 40]

    Raises:
        ValueError: the field that cannot be read, or a date that never comes.
    """
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(
            f"{len(parts)} fields came, and 5 are needed: {' '.join(_dashed(f) for f in FIELDS)}, "
            "such as '30 2 * * *' for every night at half past two"
        )
    minutes, hours, days, months, weekdays = (
        field.numbers(part) for field, part in zip(FIELDS, parts, strict=True)
    )
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    if not either and min(days) > max(LONGEST[month - 1] for month in months):
        raise ValueError(f"the day of the month {parts[2]!r} never comes in the month {parts[3]!r}")
    return Cron(minutes, hours, days, months, frozenset(d % 7 for d in weekdays), either)


def _dashed(field: Field) -> str:
    return field.name.replace(" of the ", "-of-")
