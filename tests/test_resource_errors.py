"""Errors of the disk are told in one line, whichever library raised them."""

import errno
import sqlite3
import ssl
from itertools import pairwise
from pathlib import Path

import pytest
import requests
import sqlalchemy
from sqlalchemy.exc import OperationalError

from conveyor.resource_errors import describe_cause, describe_resource_error


def raised(*chain: Exception) -> Exception:
    """The last error; each was raised from the one before it."""
    for cause, error in pairwise(chain):
        error.__cause__ = cause
    return chain[-1]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "", "a.npy"), "a.npy: No space left on device. Free some space"),
        (PermissionError(errno.EACCES, "", "a"), "a: Permission denied. Change the permissions"),
        (OSError(errno.EROFS, "", "a"), "a: Read-only file system. Make the file system writable"),
        (FileNotFoundError(errno.ENOENT, "", "data/x"), "data/x: No such file or directory. `dvc"),
        (raised(OSError(errno.ENOSPC, "", "a"), KeyError("b")), "a: No space left on device."),
        (RuntimeError('IO Error: Could not write "t": No space left on device\nmore'),
         'IO Error: Could not write "t": No space left on device. Free'),
        (raised(OSError(errno.ECONNREFUSED, ""), RuntimeError("no server")), None),
        (KeyError("a"), None),
        (IsADirectoryError(errno.EISDIR, "", "a"), "a: Is a directory. Name a file"),
        (OSError(errno.ENAMETOOLONG, "", "aa"), "aa: File name too long. Choose a shorter name"),
        (sqlite3.OperationalError("of Python itself"), None),
        (raised(ssl.SSLError(1, "bad record"), requests.ConnectionError("x")),
         "the TLS connection to a server failed: bad record. Trust its"),
        (requests.ConnectionError("refused"), "a server does not answer: refused. Run it again"),
        (requests.HTTPError("401", response=requests.Response()), "a server refuses a request:"),
    ],
)  # fmt: skip
def test_the_cause_is_looked_for_in_the_whole_chain(error: Exception, message: str | None) -> None:
    line = describe_resource_error(error)
    assert (line or "").startswith(message or "")
    assert (line is None) == (message is None)
    assert "\n" not in (line or "")


def test_an_error_that_was_handled_is_no_cause() -> None:
    with pytest.raises(ValueError, match="another") as error:
        try:
            Path("missing").read_bytes()
        except FileNotFoundError:
            raise ValueError("another") from None
    assert describe_resource_error(error.value) is None


def test_a_database_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (x)").connection.close()
    engine = sqlalchemy.create_engine(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true")
    with pytest.raises(OperationalError) as raised_error, engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1)"))
    line = describe_cause(raised_error.value)
    message = "an SQLite database (attempt to write a readonly database): Read-only file system"
    assert line == message
    assert "sqlalche.me" not in line
    with pytest.raises(OperationalError) as raised_error, engine.begin() as connection:
        connection.execute(sqlalchemy.text("SELECT * FROM missing"))
    assert describe_cause(raised_error.value) == (
        "OperationalError: (sqlite3.OperationalError) no such table: missing"
    )
