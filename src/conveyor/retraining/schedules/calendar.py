"""Translates a cron expression to systemd's OnCalendar."""

from collections.abc import Sequence

from conveyor.config import Schedule
from conveyor.config.cron import either_day_suffices, expand_cron

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")  # 0 to 6 in cron


def on_calendar(schedule: Schedule) -> list[str]:
    """The OnCalendar lines of a schedule: two where a day needs to fit one day field only.

    systemd always demands that both the date and the day of the week fit.
    """
    minutes, hours, days, months, weekdays = expand_cron(schedule.cron)
    clock = f"{_join(hours)}:{_join(minutes)}:00 {schedule.time_zone}"
    month, day = _join(months), _join(days)
    weekly = "" if "*" in weekdays else ",".join(DAYS[int(d)] for d in weekdays) + " "
    if either_day_suffices(schedule.cron):
        return [f"*-{month}-{day} {clock}", f"{weekly}*-{month}-* {clock}"]
    return [f"{weekly}*-{month}-{day} {clock}"]


def _join(values: Sequence[int | str]) -> str:
    return ",".join(map(str, values))
