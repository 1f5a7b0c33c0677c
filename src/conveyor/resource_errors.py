"""Errors outside the program: a disk that is full or not writable, a server that does not answer.

Libraries raise them in their own classes, at the end of long chains.
"""

import errno
import os
import sqlite3
import ssl
from collections.abc import Iterator

SPACE = "Free some space, then run it again."
PERMISSION = "Change the permissions, or the user who runs it."
CERTIFICATE = "Trust its certificate, or correct its address."
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
    errno.EISDIR: "Name a file.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
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


def describe_resource_error(error: BaseException) -> str | None:
    """One line that names the file or server, as far as it is known, the reason, and what to do.

    Returns:
        None if neither the error nor any that led to it is of that kind.
    """
    problem = _find(error)
    return problem and f"{problem[0]}. {problem[1]}"


def describe_cause(error: BaseException) -> str:
    """The cause of an error in one line: that outside the program, or else its type and text."""
    problem = _find(error)
    return problem[0] if problem else f"{type(error).__name__}: {_first_line(error)}".rstrip(": ")


def describe_tls_error(error: BaseException) -> str | None:
    """Why a TLS connection failed, as its library says it; None if none of the causes is that."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            texts = (getattr(cause, name, None) for name in ("verify_message", "reason"))
            return next(filter(None, texts), _first_line(cause))
    return None


def _find(error: BaseException) -> tuple[str, str] | None:
    """The cause outside the program, and what to do about it."""
    tls = describe_tls_error(error)
    if tls is not None:
        return f"the TLS connection to a server failed: {tls}", CERTIFICATE
    for cause in _chain(error):
        if type(cause).__module__ == "requests.exceptions":
            line = _first_line(cause)
            if getattr(cause, "response", None) is not None:
                return f"a server refuses a request: {line}", "Change its address, or your access."
            return f"a server does not answer: {line}", "Run it again when it does."
        number, place = _read(cause)
        if number in HINTS:
            return f"{place}: {os.strerror(number)}", HINTS[number]
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that led to it, as a traceback shows them."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)


def _read(error: BaseException) -> tuple[int, str]:
    """The number of an error of the disk, or 0, and the file or the message that belongs to it."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno, str(error.filename or "a file")
    if isinstance(error, sqlite3.OperationalError):
        # Python's own errors of this class have no name.
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        return SQLITE.get(name, 0), f"an SQLite database ({error})"
    for number in IN_TEXTS:
        if os.strerror(number) in _first_line(error):
            return number, _first_line(error).partition(os.strerror(number))[0].rstrip(": ")
    return 0, ""


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
