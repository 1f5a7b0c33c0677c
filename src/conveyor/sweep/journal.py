"""A journal storage that stays readable after `kill -9` at any point."""

import os
from pathlib import Path

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from conveyor.sweep.optuna_internals import JournalFileLock


class _KernelLock(JournalFileLock):
    """A lock that the kernel releases when its holder dies, and that repairs the journal then.

    Optuna's own locks are files that a killed driver leaves behind, and the next driver waits 30 s.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        self._lock.acquire()
        _cut_unfinished_line(self._journal)
        return True

    def release(self) -> None:
        self._lock.release()


def open_journal(path: Path) -> JournalStorage:
    """Open a journal, or create it. Any number of processes of this machine may write to it."""
    lock = _KernelLock(path)
    path.touch()
    lock.acquire()
    lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock))


def _cut_unfinished_line(path: Path) -> None:
    """Remove a last line without its end, which Optuna could not read past."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
