"""Fills the templates of each scheduler's files."""

import shlex
from pathlib import Path

from conveyor.config import Schedule
from conveyor.errors import ExitCode
from conveyor.pages import load_templates
from conveyor.retraining.schedules.calendar import on_calendar
from conveyor.retraining.schedules.installation import Installation

# The endings of a scheduler's files; `templates/` has one template for each.
SCHEDULERS = {
    "cron": ["cron"],
    "systemd": ["service", "timer"],
    "kubernetes": ["yaml"],
    "github": ["yml"],
}


def render_files(scheduler: str, schedule: Schedule, installation: Installation) -> dict[str, str]:
    """The texts of a scheduler's files, by file name."""
    values = {
        "schedule": schedule,
        "log_folder": Path(schedule.log).parent,
        "installation": installation,
        "on_calendar": on_calendar(schedule),
        "success_codes": [ExitCode.NOTHING_TO_DO, ExitCode.NOT_PROMOTED],  # beside 0
    }
    return {
        f"{installation.unit}.{ending}": TEMPLATES.get_template(f"{scheduler}.{ending}.j2").render(
            values
        )
        for ending in SCHEDULERS[scheduler]
    }


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
