"""One retraining at a time, whatever started it."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from conveyor import files
from conveyor.paths import Paths

BUSY = 12  # the exit code
MOMENT = 1.0  # seconds, at most, from a holder's taking the lock to its saying who it is


class Busy(Exception):
    """Another process retrains; the message says which."""


@contextmanager
def only_one(paths: Paths, wait: float = 0.0) -> Iterator[None]:
    """Hold the project's retraining lock.

    The kernel takes it back when its holder dies, so that a dead holder is no obstacle.

    Args:
        wait: seconds to wait for another holder.

    Raises:
        Busy: another process holds it still.
    """
    paths.scratch.mkdir(exist_ok=True)
    lock, holder = FileLock(paths.scratch / "retrain.lock"), paths.scratch / "retrain.json"
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        who = _told(holder)
        raise Busy(
            f"another retraining is running: process {who.get('pid', '?')} on "
            f"{who.get('host', '?')}, since {who.get('since', '?')}"
        ) from None
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": now}
        files.write_text(holder, json.dumps(who))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _told(holder: Path) -> dict[str, Any]:
    """Who holds the lock, by its own word; nothing if it does not say."""
    end = time.monotonic() + MOMENT
    while time.monotonic() < end:
        with suppress(FileNotFoundError):
            return files.read_json(holder)
        time.sleep(0.01)
    return {}
