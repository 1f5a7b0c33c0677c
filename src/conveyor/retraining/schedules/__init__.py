"""Writes the schedule of the retraining as the files of a scheduler.

Each scheduler counts a retraining with nothing to do, or without a promotion, as a success.
"""

from collections.abc import Callable, Mapping

from conveyor.config import Schedule
from conveyor.retraining.schedules.installation import Installation
from conveyor.retraining.schedules.render import crontab, github, kubernetes, systemd

SCHEDULERS: Mapping[str, Callable[[Schedule, Installation], dict[str, str]]] = {
    "cron": crontab,
    "systemd": systemd,
    "kubernetes": kubernetes,
    "github": github,
}

__all__ = ["SCHEDULERS", "Installation"]
