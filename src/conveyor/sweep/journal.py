"""The study's journal file, in a form that survives a kill at any instant."""

import os
from pathlib import Path

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock


class KernelLock(BaseJournalFileLock):
    """A lock that the kernel takes back when its holder dies.

    Optuna's own locks are files that a killed driver leaves behind: the next one would wait 30 s.
    """

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(f"{path}.lock")

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def open_journal(path: Path) -> JournalStorage:
    """Open a journal that no other process writes to, or begin one."""
    if path.exists():
        _mend(path)
    return JournalStorage(JournalFileBackend(str(path), KernelLock(path)))


def _mend(path: Path) -> None:
    """Cut a last line that was never finished; Optuna could not read past it."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
