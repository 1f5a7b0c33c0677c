"""Locks between processes: one that says who holds it, and one that is taken only if it is free."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from conveyor import files

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds of waiting before `with` says whom it waits for


@contextmanager
def lock_if_free(path: Path) -> Iterator[FileLock | None]:
    """Hold a lock, which any thread may release.

    Yields:
        None if another process holds it, or its file cannot be written.
    """
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield None
        return
    try:
        yield lock
    finally:
        lock.release()


class HeldLock:
    """A lock in a file, and its holder in another one beside it.

    The operating system releases the lock when its holder dies. As a context manager it waits as
    long as it takes.

    Args:
        path: of the lock.
        work: what its holder does, as in "waits for process 1, which WORK".
    """

    def __init__(self, path: Path, work: str) -> None:
        self.work = work
        self._lock, self._holder = FileLock(path), path.with_suffix(".json")

    def acquire(self, wait: float | None = None) -> None:
        """Take the lock.

        Args:
            wait: seconds to wait for another holder; None waits as long as it takes.

        Raises:
            Timeout: another process still holds it; see `describe_holder`.
        """
        self._lock.acquire(timeout=-1 if wait is None else wait)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now}
        files.write_json(self._holder, holder)

    def release(self) -> None:
        self._holder.unlink(missing_ok=True)
        self._lock.release()

    def describe_holder(self) -> str:
        """The process that holds it, such as "process 1 on host, since TIME"."""
        process: dict[str, Any] = {}
        with suppress(FileNotFoundError):  # the holder may be about to write it
            process = files.read_json(self._holder)
        pid, host, since = (process.get(key, "?") for key in ("pid", "host", "since"))
        return f"process {pid} on {host}, since {since}"

    def __enter__(self) -> "HeldLock":
        try:
            self.acquire(PATIENCE)
        except Timeout:
            log.warning("waiting for %s, which %s", self.describe_holder(), self.work)
            self.acquire()
        return self

    def __exit__(self, *raised: object) -> None:
        self.release()
