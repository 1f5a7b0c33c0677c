"""Errors of the disk rather than of the program: full, read-only, not permitted, missing.

Libraries raise them in their own classes, at the end of long chains.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator

SPACE = "Free some space, then run it again."
PERMISSION = "Change the permissions, or the user who runs it."
# What to do about an error, by its number.
HINTS = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: SPACE,
    errno.EROFS: "Make the file system writable.",
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.ENOENT: "`dvc repro` writes the outputs of the belt; bring back any other file.",
    errno.EIO: "Check the disk.",
}
# The error that a code of SQLite stands for; the rest of a code says more.
SQLITE = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_READONLY": errno.EROFS,
    "SQLITE_CANTOPEN": errno.EACCES,
    "SQLITE_PERM": errno.EACCES,
    "SQLITE_IOERR": errno.EIO,
}
IN_TEXTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


def describe_disk_error(error: BaseException) -> str | None:
    """One line that names the file, as far as it is known, the reason, and what to do.

    Returns:
        None if neither the error nor any that led to it is an error of the disk.
    """
    for cause in _chain(error):
        number, place = _read(cause)
        if number in HINTS:
            return f"{place}: {os.strerror(number)}. {HINTS[number]}"
    return None


def describe_cause(error: BaseException) -> str:
    """The cause of an error in one line: that of the disk, or else its type and first line."""
    first_line = (str(error).strip().splitlines() or [""])[0]
    return describe_disk_error(error) or f"{type(error).__name__}: {first_line}".rstrip(": ")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that led to it."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__context__, cause.__cause__]


def _read(error: BaseException) -> tuple[int, str]:
    """The number of an error of the disk, or 0, and the file or the message that belongs to it."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno, str(error.filename or "a file")
    if isinstance(error, sqlite3.OperationalError):
        name = "_".join(error.sqlite_errorname.split("_")[:2])
        return SQLITE.get(name, 0), f"an SQLite database ({error})"
    first_line = (str(error).strip().splitlines() or [""])[0]
    for number in IN_TEXTS:
        if os.strerror(number) in first_line:
            return number, first_line[:200]
    return 0, ""
