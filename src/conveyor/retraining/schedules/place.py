"""What all schedulers are told: where the project is, what runs, and which codes are fine."""

from dataclasses import dataclass
from pathlib import Path

from conveyor.config import Schedule

FINE = (10, 11)  # nothing to do; not promoted


@dataclass(frozen=True)
class Installation:
    """A project folder on this machine, and the Python that runs it."""

    name: str  # of the project
    root: Path
    python: Path

    @property
    def path(self) -> str:
        """PATH: DVC starts the stages by name, and they must find this Python."""
        return f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin"

    @property
    def unit(self) -> str:
        """Name of what is made for the scheduler."""
        return f"conveyor-{self.name.replace('_', '-').strip('-')}"[:52].rstrip("-")


def retrain(schedule: Schedule, python: str) -> str:
    """The command, started by `python`, a word of a shell or of systemd."""
    return f"{python} -m pipeline.retrain --wait {schedule.wait}"


def tolerant(command: str, failed: str) -> str:
    """A shell line in which the codes of FINE are a success, and `failed` is done with others."""
    fine = "|".join(map(str, (0, *FINE)))
    return f"code=0; {command} || code=$?; case $code in {fine}) ;; *) {failed};; esac"
