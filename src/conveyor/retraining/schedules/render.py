"""Fills the templates of each scheduler's files."""

from pathlib import Path

import jinja2

from conveyor.config import Schedule
from conveyor.retraining.schedules.calendar import on_calendar
from conveyor.retraining.schedules.installation import Installation
from conveyor.retraining.schedules.shell import (
    SUCCESS_CODES,
    accept_success_codes,
    cron_command,
    retrain_command,
)

# The endings of a scheduler's files; `templates/` has one template for each.
SCHEDULERS = {
    "cron": ["cron"],
    "systemd": ["service", "timer"],
    "kubernetes": ["yaml"],
    "github": ["yml"],
}


def render_files(scheduler: str, schedule: Schedule, installation: Installation) -> dict[str, str]:
    """The texts of a scheduler's files, by file name."""
    python = f'"{_escape_specifiers(installation.python)}"'
    values = {
        "schedule": schedule,
        "installation": installation,
        "on_calendar": on_calendar(schedule),
        "success_codes": SUCCESS_CODES,
        "cron_command": cron_command(schedule, installation),
        "systemd_command": retrain_command(schedule, python),
        "shell_command": accept_success_codes(retrain_command(schedule, "python"), "exit $code"),
    }
    return {
        f"{installation.unit}.{ending}": _ENVIRONMENT.get_template(
            f"{scheduler}.{ending}.j2"
        ).render(values)
        for ending in SCHEDULERS[scheduler]
    }


def _escape_specifiers(text: str | Path) -> str:
    """Double each %, which systemd reads as the begin of a specifier."""
    return str(text).replace("%", "%%")


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["systemd"] = _escape_specifiers
