"""Fills the files in `templates/` for each scheduler.

Each function returns the texts by the name of their file.
"""

from pathlib import Path
from typing import Any

import jinja2
import yaml

from conveyor.config import Schedule
from conveyor.retraining.schedules.calendar import on_calendar
from conveyor.retraining.schedules.installation import Installation
from conveyor.retraining.schedules.shell import (
    SUCCESS_CODES,
    accept_success_codes,
    cron_command,
    retrain_command,
)

WIDTH = 100  # of the lines of a YAML file


def crontab(schedule: Schedule, installation: Installation) -> dict[str, str]:
    """One line for `crontab -e`."""
    command = cron_command(schedule, installation)
    return {
        f"{installation.unit}.cron": _render("crontab", schedule, installation, command=command)
    }


def systemd(schedule: Schedule, installation: Installation) -> dict[str, str]:
    """A service and its timer."""
    python = f'"{_escape_specifiers(installation.python)}"'
    service = _render(
        "systemd.service",
        schedule,
        installation,
        command=retrain_command(schedule, python),
        success_codes=SUCCESS_CODES,
    )
    timer = _render("systemd.timer", schedule, installation, on_calendar=on_calendar(schedule))
    return {f"{installation.unit}.service": service, f"{installation.unit}.timer": timer}


def kubernetes(schedule: Schedule, installation: Installation) -> dict[str, str]:
    """A CronJob on a volume that holds a clone of the project, and so keeps all state."""
    return {f"{installation.unit}.yaml": _render_yaml("kubernetes", schedule, installation)}


def github(schedule: Schedule, installation: Installation) -> dict[str, str]:
    """A workflow; its runner keeps nothing, so DVC's remote and git hold the state."""
    return {f"{installation.unit}.yml": _render_yaml("github", schedule, installation)}


def _render_yaml(name: str, schedule: Schedule, installation: Installation) -> str:
    """Render a template and write its YAML anew, which checks it; comments stay on top."""
    command = accept_success_codes(retrain_command(schedule, "python"), "exit $code")
    text = _render(f"{name}.yaml", schedule, installation, command=command)
    comments = [line for line in text.splitlines(keepends=True) if line.startswith("#")]
    body = yaml.safe_dump(yaml.safe_load(text), sort_keys=False, width=WIDTH)
    return "".join([*comments, body])


def _render(name: str, schedule: Schedule, installation: Installation, **values: Any) -> str:
    template = _ENVIRONMENT.get_template(f"{name}.j2")
    return template.render(schedule=schedule, installation=installation, **values)


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
