"""A real cron for tests: the daemon, and the user's crontab for as long as a test needs it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from debian import program, skip

PID = Path("/var/run/crond.pid")
HASTE = timedelta(seconds=10)  # cron looks for a new crontab at the begin of a minute


@contextmanager
def running_cron() -> Iterator[Path]:
    """The path of `crontab`, with a daemon behind it; the crontab is given back as it was."""
    crontab = program("cron", "usr/bin/crontab")
    found = subprocess.run([crontab, "-l"], capture_output=True, text=True, check=False)
    daemon = None
    if not _runs():
        if os.getuid() != 0:
            skip("no cron runs here, and only root can start one")
        daemon = subprocess.Popen([program("cron", "usr/sbin/cron"), "-f"])
        time.sleep(0.5)
        assert daemon.poll() is None, "cron did not start"
    try:
        yield crontab
    finally:
        if found.returncode == 0:
            subprocess.run([crontab, "-"], input=found.stdout, text=True, check=True)
        else:
            subprocess.run([crontab, "-r"], check=False)
        if daemon is not None:
            daemon.terminate()
            daemon.wait()


def _runs() -> bool:
    """Whether the daemon that wrote its number lives."""
    try:
        words = Path(f"/proc/{int(PID.read_text())}/cmdline").read_text()
    except (OSError, ValueError):
        return False
    return "cron" in words


def soon(minutes: int = 0) -> str:
    """The next minute that cron will not miss, or one later, as the expression of that date."""
    at = datetime.now() + HASTE + timedelta(minutes=1 + minutes)
    return f"{at.minute} {at.hour} {at.day} {at.month} *"
