"""Where the project is installed on this machine; the files of a scheduler name it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installation:
    """A project folder on this machine, and the Python that runs it.

    Attributes:
        name: of the project, the setting `name`.
        root: the project folder.
        python: the interpreter of the project's environment.
    """

    name: str
    root: Path
    python: Path

    @property
    def path(self) -> str:
        """The value of PATH with which DVC finds this Python, since it starts stages by name."""
        return f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin"

    @property
    def unit(self) -> str:
        """The name of the job in the scheduler; at most 52 characters, the limit of a CronJob."""
        return f"conveyor-{self.name.replace('_', '-').strip('-')}"[:52].rstrip("-")
