"""The commands that the schedulers run, as lines of a POSIX shell."""

import shlex
from pathlib import Path

from conveyor.config import Schedule
from conveyor.errors import ExitCode
from conveyor.retraining.schedules.installation import Installation

SUCCESS_CODES = (ExitCode.NOTHING_TO_DO, ExitCode.NOT_PROMOTED)  # beside 0


def retrain_command(schedule: Schedule, python: str) -> str:
    """The command that retrains; `python` is quoted already for the shell or for systemd."""
    return f"{python} -m pipeline.retrain --wait {schedule.wait}"


def accept_success_codes(command: str, on_failure: str) -> str:
    """A line that succeeds where `command` ends with 0 or one of SUCCESS_CODES.

    With any other code it runs `on_failure`, which reads the code in the variable `code`.
    """
    codes = "|".join(map(str, (0, *SUCCESS_CODES)))
    return f"code=0; {command} || code=$?; case $code in {codes}) ;; *) {on_failure};; esac"


def cron_command(schedule: Schedule, installation: Installation) -> str:
    """The command of a crontab line: enter the project, read the variables, retrain into the log.

    It prints only where the retraining failed, since cron sends all output by mail.
    """
    log = shlex.quote(schedule.log)
    folder = shlex.quote(str(Path(schedule.log).parent))
    steps = [f"cd {shlex.quote(str(installation.root))}", f"mkdir -p {folder}"]
    if schedule.environment:
        file = shlex.quote(f"./{schedule.environment_file}")
        message = f"is not set; put it into {installation.root / schedule.environment_file}"
        steps += ["set -a", f". {file}", "set +a"]
        steps += [f': "${{{name}:?{_literal(message)}}}"' for name in schedule.environment]
    retrain = retrain_command(schedule, shlex.quote(str(installation.python)))
    report = f'echo "the retraining failed with $code; see {_literal(schedule.log)}"; exit $code'
    steps.append(f"{{ {accept_success_codes(f'{retrain} >>{log} 2>&1', report)}; }}")
    return " && ".join(steps).replace("%", r"\%")  # cron reads a bare % as a new line


def _literal(text: str) -> str:
    """The text without the characters that a shell expands inside double quotes or braces."""
    return "".join(c for c in text if c not in '"$`\\}')
