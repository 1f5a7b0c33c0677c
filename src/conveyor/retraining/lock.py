"""Allows one retraining of a project at a time, and none while a DVC command runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
from filelock import Timeout

from conveyor import files
from conveyor.errors import ExitCode, InputError
from conveyor.held_lock import HeldLock
from conveyor.paths import Paths

READINGS = 5  # of a list that DVC may be writing


class Busy(InputError):
    """Another process works on the project; the message names it."""

    exit_code = ExitCode.BUSY


@contextmanager
def retraining_lock(paths: Paths, wait: float = 0.0) -> Iterator[None]:
    """Hold the project's retraining lock while the body runs.

    Args:
        wait: seconds to wait for another holder.

    Raises:
        Busy: another process still holds the lock after `wait` seconds, or runs DVC.
    """
    paths.scratch.mkdir(exist_ok=True)
    lock = HeldLock(paths.scratch / "retrain.lock", "retrains")
    try:
        lock.acquire(wait)
    except Timeout:
        raise Busy(f"another retraining is running: {lock.describe_holder()}") from None
    try:
        require_idle(paths)
        yield
    finally:
        lock.release()


def require_idle(paths: Paths) -> None:
    """Check that no DVC command works on the project, by the list that DVC itself keeps.

    Raises:
        Busy: one does.
    """
    users = _read_users(paths)
    writers = users.get("write", {}).values()
    readers = [reader for readers in users.get("read", {}).values() for reader in readers]
    for user in [*writers, *readers]:
        if _runs(user["pid"]):
            raise Busy(
                f"a DVC command is running: process {user['pid']}, `{user['cmd']}`. Retrain when "
                "it has ended"
            )


def _read_users(paths: Paths) -> dict[str, Any]:
    path = paths.root / ".dvc" / "tmp" / "rwlock"
    for _ in range(READINGS):
        try:
            return files.read_json(path) if path.is_file() else {}
        except ValueError:  # DVC is writing it
            time.sleep(0.1)
    return {}


def _runs(pid: int) -> bool:
    """Whether a process is DVC, and not another one that has got its id."""
    with suppress(psutil.Error):
        return any("dvc" in word for word in psutil.Process(pid).cmdline()[:4])
    return False
