"""Work in a process beside this one."""

import logging
import multiprocessing
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
import multiprocessing, sys
from conveyor.beside import Beside
with Beside("work_beside:linger") as work:
    if sys.argv[1] == "begun":
        work.begin()
        next(iter(work))
    print(multiprocessing.active_children()[0].pid, flush=True)
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
    with Beside("work_beside:count") as work:
        work.begin(3)
        assert list(work) == [0, 1, 2]
    assert [r.getMessage() for r in caplog.records] == ["at 0", "at 1", "at 2"]


def test_an_error_is_raised_here_as_what_it_is_and_says_where_it_arose() -> None:
    with Beside("work_beside:fail") as work:
        work.begin("input")
        told = iter(work)
        assert next(told) == "begun"
        with pytest.raises(InputError, match="no such column") as raised:
            next(told)
    assert "in fail" in raised.value.__notes__[0]


def test_an_error_that_cannot_travel_keeps_its_name_and_words() -> None:
    with Beside("work_beside:fail") as work:
        work.begin("stubborn")
        with pytest.raises(RuntimeError, match="Stubborn: this and that"):
            list(work)


def test_a_killed_process_is_told_of() -> None:
    with Beside("work_beside:die") as work:
        work.begin()
        with pytest.raises(RuntimeError, match="SIGKILL"):
            list(work)


def test_leaving_the_block_ends_the_process() -> None:
    with Beside("work_beside:linger") as work:
        work.begin()
        pid = next(iter(work))
        assert psutil.pid_exists(pid)
    assert ended(pid)


def test_its_module_loads_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mark` is written where the module is loaded, by the process itself."""
    (tmp_path / "loaded_beside.py").write_text(
        "import os, pathlib, sys\n"
        "pathlib.Path(__file__).with_name('mark').write_text(str(os.getpid()))\n"
        "def work(tell, word):\n    tell(word)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)  # a process that is spawned has its parent's path
    with Beside("loaded_beside:work") as work:
        mark, until = tmp_path / "mark", time.monotonic() + ENDED
        while not (mark.is_file() and mark.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        pid = int(mark.read_text())
        work.begin("now")
        assert list(work) == ["now"]
    with Beside("loaded_beside:work"):
        pass  # never begun
    assert ended(pid)
    assert not multiprocessing.active_children()


def test_a_module_that_cannot_be_loaded_is_told_of() -> None:
    with Beside("no_such_module:work") as work:
        time.sleep(1)  # it has died before it is asked to begin
        work.begin()
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            work.wait()


@pytest.mark.parametrize("how", ["begun", "waiting"])
def test_it_dies_with_a_parent_that_is_killed(how: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, how], cwd=Path(__file__).parent,
                              text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert ended(pid)
