"""Fills the templates of each scheduler's files."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from conveyor.config import Schedule
from conveyor.errors import ExitCode
from conveyor.pages import load_templates
from conveyor.retraining.schedules.calendar import on_calendar

# The endings of a scheduler's files; `templates/` has one template for each.
SCHEDULERS = {
    "cron": ["cron"],
    "systemd": ["service", "timer"],
    "kubernetes": ["yaml"],
    "github": ["yml"],
}


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


def render_files(scheduler: str, schedule: Schedule, installation: Installation) -> dict[str, str]:
    """The texts of a scheduler's files, by file name."""
    values = {
        "schedule": schedule,
        "log_folder": Path(schedule.log).parent,
        "installation": installation,
        "on_calendar": on_calendar(schedule),
        "success_codes": [ExitCode.NOTHING_TO_DO, ExitCode.NOT_PROMOTED],  # beside 0
    }
    texts = {}
    for ending in SCHEDULERS[scheduler]:
        template = TEMPLATES.get_template(f"{scheduler}.{ending}.j2")
        texts[f"{installation.unit}.{ending}"] = template.render(values)
    return texts


def _join_for_cron(lines: str) -> str:
    """One line that runs a command after another; cron reads a bare % as a new line."""
    return " && ".join(lines.splitlines()).replace("%", r"\%")


def _drop_expanded(text: str | Path) -> str:
    """The text without the characters that a shell expands inside double quotes or braces."""
    return "".join(c for c in str(text) if c not in '"$`\\}')


TEMPLATES = load_templates(
    __file__,
    cron_line=_join_for_cron,
    literal=_drop_expanded,
    quote=lambda text: shlex.quote(str(text)),
    systemd=lambda text: str(text).replace("%", "%%"),  # % begins a specifier
)
