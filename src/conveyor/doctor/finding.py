"""One thing that a check has to say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from conveyor.paths import Paths

Level = Literal["problem", "note"]


@dataclass(frozen=True)
class Finding:
    """What is wrong, or worth knowing.

    Attributes:
        level: a note needs nothing to be done.
        remedy: the command, or the edit, that mends it; empty for some notes.
    """

    level: Level
    message: str
    remedy: str = ""


Check = Callable[[Paths], Iterator[Finding]]


def problem(message: str, remedy: str) -> Finding:
    return Finding("problem", message, remedy)


def note(message: str, remedy: str = "") -> Finding:
    return Finding("note", message, remedy)
