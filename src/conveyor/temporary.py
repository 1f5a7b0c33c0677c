"""Temporary folders that a killed process does not leave for ever.

Each has a lock beside it, which its process holds. The operating system releases the lock when the
process ends in any way, so a lock that can be taken belongs to a folder that nobody needs. This
also holds for a reused process id, for containers, and for machines that share a disk.
"""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

from filelock import FileLock, Timeout

from conveyor.sync import sync_names, sync_tree

PREVIOUS = "previous"  # in a temporary folder: the output that is being replaced
FOLDER_NAME = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp", re.DOTALL)
LOCK_NAME = re.compile(rf"{FOLDER_NAME.pattern}\.lock", re.DOTALL)
# Sockets of multiprocessing lie below the temporary folder, and their paths have at most 107 bytes.
LONGEST_FOLDER = 70


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """Create a folder `.NAME.RANDOM.tmp` in `parent`, and remove it when the body ends."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / f".{name}.{secrets.token_hex(4)}.tmp"
    lock = Path(f"{folder}.lock")
    lock.touch()  # where it cannot be made, this raises; FileLock would wait for ever
    with FileLock(lock):
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A path of the same name in a temporary folder, on the file system of `path`."""
    remove_abandoned(path.parent, path.name)
    with temporary_folder(path.parent, path.name) as folder:
        yield folder / path.name


def is_temporary(path: Path) -> bool:
    """Whether a path lies in a temporary folder."""
    return any(FOLDER_NAME.fullmatch(part) for part in path.parts[:-1])


def replace_folder(new: Path, path: Path) -> None:
    """Move a folder, which `temporary_beside` gave, to `path`; what is there is removed.

    A process that is killed before the second renaming leaves the old folder to
    `remove_abandoned`, which puts it back.
    """
    sync_tree(new)
    if path.exists():
        path.rename(new.with_name(PREVIOUS))
    new.rename(path)
    sync_names(path.parent)


def remove_abandoned(folder: Path, name: str | None = None) -> list[Path]:
    """Remove the temporary folders in `folder` whose processes have ended; return their paths.

    Args:
        name: remove only those of this name.
    """
    removed = []
    with suppress(OSError):  # no such folder, or it cannot be read
        for entry in os.listdir(folder):
            match = LOCK_NAME.fullmatch(entry)
            if match and name in (None, match["name"]):
                removed += _remove_unless_held(folder / entry, folder / match["name"])
    return removed


def remove_abandoned_below(folder: Path) -> list[Path]:
    """Do the same in `folder` and in each folder below it."""
    return [path for parent, _, _ in os.walk(folder) for path in remove_abandoned(Path(parent))]


def _remove_unless_held(lock: Path, output: Path) -> list[Path]:
    """Remove one temporary folder, unless its process runs; put a replaced output back first."""
    temporary = lock.with_suffix("")
    with suppress(Timeout, OSError), FileLock(lock, timeout=0):
        existed = temporary.is_dir()
        if (temporary / PREVIOUS).is_dir() and not output.exists():
            (temporary / PREVIOUS).rename(output)
        shutil.rmtree(temporary, ignore_errors=True)
        lock.unlink(missing_ok=True)
        return [temporary] if existed else []
    return []


def private_folder() -> Path:
    """The folder of this user in the system's folder for temporary files.

    Raises:
        PermissionError: it belongs to another user.
    """
    home = f"conveyor-{os.geteuid()}"
    system = Path(tempfile.gettempdir())
    if system.parent.name == home:  # that of `process_folder`, in this process or its parent
        return system.parent
    folder = system / home
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder}: expected a folder of this user")
    return folder


@contextmanager
def process_folder() -> Iterator[None]:
    """Let this process and its children put their temporary files into a folder of their own.

    It is removed when the process ends; what a killed process leaves, the next one removes.
    """
    folder = _make_process_folder()
    if folder is None:
        yield
        return
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
    try:
        yield
    finally:
        tempfile.tempdir = None
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


def _make_process_folder() -> Path | None:
    """A folder until the process ends; None where its path would be too long or it is forbidden."""
    stack = ExitStack()
    try:
        parent = private_folder()
        remove_abandoned(parent)
        if len(os.fsencode(parent)) > LONGEST_FOLDER - len(".p.12345678.tmp/"):
            return None
        folder = stack.enter_context(temporary_folder(parent, "p"))
    except OSError:
        return None
    # Its own folder in this one multiprocessing removes at the exit too, with priority -100.
    Finalize(None, stack.close, exitpriority=-200)
    return folder
