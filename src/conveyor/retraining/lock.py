"""Allows one retraining of a project at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock, Timeout

from conveyor import files
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths


class Busy(InputError):
    """Another process retrains the project; the message names it."""

    exit_code = ExitCode.BUSY


@contextmanager
def retraining_lock(paths: Paths, wait: float = 0.0) -> Iterator[None]:
    """Hold the project's retraining lock while the body runs.

    The operating system releases it when its holder dies.

    Args:
        wait: seconds to wait for another holder.

    Raises:
        Busy: another process still holds the lock after `wait` seconds.
    """
    paths.scratch.mkdir(exist_ok=True)
    lock, holder = FileLock(paths.scratch / "retrain.lock"), paths.scratch / "retrain.json"
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        process: dict[str, Any] = {}
        with suppress(FileNotFoundError):  # the holder may be about to write it
            process = files.read_json(holder)
        raise Busy(
            f"another retraining is running: process {process.get('pid', '?')} on "
            f"{process.get('host', '?')}, since {process.get('since', '?')}"
        ) from None
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        files.write_json(holder, {"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
