"""The schedule as the files of schedulers.

To each of them a night with nothing to do, and one that promotes nothing, is a success.
"""

from collections.abc import Callable, Mapping

from conveyor.config import Schedule
from conveyor.retraining.schedules.hosted import github, kubernetes
from conveyor.retraining.schedules.machine import calendar, crontab, systemd
from conveyor.retraining.schedules.place import Installation

# Each gives texts by the name of their file.
SCHEDULERS: Mapping[str, Callable[[Schedule, Installation], dict[str, str]]] = {
    "cron": crontab,
    "systemd": systemd,
    "kubernetes": kubernetes,
    "github": github,
}

__all__ = ["SCHEDULERS", "Installation", "calendar"]
