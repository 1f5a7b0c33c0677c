"""Work in a process beside this one."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from conveyor.beside import Beside
from conveyor.errors import InputError

ENDED = 20.0  # seconds within which a process that must end has ended

PARENT = """
from conveyor.beside import Beside
with Beside("work_beside:linger") as work:
    print(next(iter(work)), flush=True)
    input()
"""


def ended(pid: int) -> bool:
    until = time.monotonic() + ENDED
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_what_it_tells_and_logs_arrives_in_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="conveyor")
    with Beside("work_beside:count", 3) as work:
        assert list(work) == [0, 1, 2]
    assert [r.getMessage() for r in caplog.records] == ["at 0", "at 1", "at 2"]


def test_an_error_is_raised_here_as_what_it_is_and_says_where_it_arose() -> None:
    with Beside("work_beside:fail", "input") as work:
        told = iter(work)
        assert next(told) == "begun"
        with pytest.raises(InputError, match="no such column") as raised:
            next(told)
    assert "in fail" in raised.value.__notes__[0]


def test_an_error_that_cannot_travel_keeps_its_name_and_words() -> None:
    with Beside("work_beside:fail", "stubborn") as work:
        with pytest.raises(RuntimeError, match="Stubborn: this and that"):
            list(work)


def test_a_killed_process_is_told_of() -> None:
    with Beside("work_beside:die") as work:
        with pytest.raises(RuntimeError, match="SIGKILL"):
            list(work)


def test_leaving_the_block_ends_the_process() -> None:
    with Beside("work_beside:linger") as work:
        pid = next(iter(work))
        assert psutil.pid_exists(pid)
    assert ended(pid)


def test_it_dies_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=Path(__file__).parent, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert ended(pid)
