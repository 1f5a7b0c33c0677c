"""One thing that a check has to say."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from conveyor.paths import Paths

Level = Literal["problem", "note"]


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, or worth knowing.

    Attributes:
        level: a note needs nothing to be done.
        remedy: the command, or the edit, that mends it; empty for some notes.
    """

    level: Level
    message: str
    remedy: str = ""


Check = Callable[[Paths], Iterator[Diagnosis]]


def quote(path: Path) -> str:
    """A path as a word of a shell's command."""
    return shlex.quote(str(path))


def problem(message: str, remedy: str) -> Diagnosis:
    return Diagnosis("problem", message, remedy)


def note(message: str, remedy: str = "") -> Diagnosis:
    return Diagnosis("note", message, remedy)
