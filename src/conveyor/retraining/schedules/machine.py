"""The schedulers of one machine: cron and systemd."""

import shlex
from pathlib import Path

from conveyor.config import Schedule
from conveyor.config.cron import DAYS, FIELDS, parse
from conveyor.retraining.schedules.place import FINE, Installation, retrain, tolerant


def crontab(schedule: Schedule, place: Installation) -> dict[str, str]:
    """One line, for `crontab -e`; cron sends mail only of a failure, whose output is in the log."""
    log = shlex.quote(schedule.log)
    folder = shlex.quote(str(Path(schedule.log).parent))
    steps = [f"cd {shlex.quote(str(place.root))}", f"mkdir -p {folder}"]
    if schedule.environment:
        file = shlex.quote(f"./{schedule.environment_file}")
        told = f"is not set; put it into {place.root / schedule.environment_file}"
        steps += ["set -a", f". {file}", "set +a"]
        steps += [f': "${{{name}:?{_plain(told)}}}"' for name in schedule.environment]
    run = retrain(schedule, shlex.quote(str(place.python)))
    failed = f'echo "the retraining failed with $code; see {_plain(schedule.log)}"; exit $code'
    steps.append(f"{{ {tolerant(f'{run} >>{log} 2>&1', failed)}; }}")
    command = " && ".join(steps).replace("%", r"\%")  # a bare one is a new line to cron
    text = f"""\
# {place.unit}: add this to `crontab -e`. retrain holds a lock: two never run at once.
# cronie reads CRON_TZ; Debian's cron goes by the machine's time zone, which must then be this one.
CRON_TZ={schedule.time_zone}
SHELL=/bin/sh
PATH={place.path}
{schedule.cron} {command}
"""
    return {f"{place.unit}.cron": text}


def systemd(schedule: Schedule, place: Installation) -> dict[str, str]:
    """A service and its timer, which makes up for a night that the machine slept through."""
    variables = ""
    if schedule.environment:
        file = _unit(str(place.root / schedule.environment_file))
        variables = f"# {', '.join(schedule.environment)}\nEnvironmentFile={file}\n"
    log = place.root / schedule.log
    quoted = f'"{_unit(str(place.python))}"'
    folder = _unit(str(log.parent))
    advice = f"""\
# In ~/.config/systemd/user/; the folder {folder} must be there. Then
#   systemctl --user enable --now {place.unit}.timer
"""
    service = f"""\
[Unit]
Description=Conveyor: retrain {place.name}

[Service]
Type=oneshot
WorkingDirectory={_unit(str(place.root))}
Environment="PATH={_unit(place.path)}"
{variables}ExecStart={retrain(schedule, quoted)}
SuccessExitStatus={" ".join(map(str, FINE))}
StandardOutput=append:{_unit(str(log))}
StandardError=append:{_unit(str(log))}
"""
    timer = "\n".join([
        "[Unit]", f"Description=Conveyor: when {place.name} is retrained", "", "[Timer]",
        *(f"OnCalendar={when}" for when in calendar(schedule)), "Persistent=true", "",
        "[Install]", "WantedBy=timers.target", "",
    ])  # fmt: skip
    return {f"{place.unit}.service": advice + service, f"{place.unit}.timer": timer}


def calendar(schedule: Schedule) -> list[str]:
    """The cron expression as systemd's OnCalendar; two where either day field is enough."""
    cron = parse(schedule.cron)
    clock = f"{_some(cron.hours, 1)}:{_some(cron.minutes, 0)}:00 {schedule.time_zone}"
    month, day = _some(cron.months, 3), _some(cron.days, 2)
    weekdays = ",".join(DAYS[d].title() for d in sorted(cron.weekdays))
    weekly = "" if len(cron.weekdays) == len(DAYS) else f"{weekdays} "
    if cron.either:
        return [f"*-{month}-{day} {clock}", f"{weekly}*-{month}-* {clock}"]
    return [f"{weekly}*-{month}-{day} {clock}"]


def _plain(text: str) -> str:
    """Without what a shell would read inside double quotes or braces."""
    return "".join(c for c in text if c not in '"$`\\}')


def _unit(text: str) -> str:
    """systemd reads % as a specifier."""
    return text.replace("%", "%%")


def _some(numbers: frozenset[int], field: int) -> str:
    every = frozenset(range(FIELDS[field].low, FIELDS[field].high + 1))
    return "*" if numbers == every else ",".join(map(str, sorted(numbers)))
