"""Files written whole or not at all, and their digests."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from conveyor.escape import csv_text
from conveyor.sync import sync_file, sync_names
from conveyor.temporary import is_temporary, replace_folder, temporary_beside


@contextmanager
def replacing_file(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """The path of a temporary file to write; it takes the place of `path` if the body ends well.

    Args:
        sync: let the disk have it before, so that it outlives a power failure too; a file in a
            temporary folder is synced together with that.
    """
    sync = sync and not is_temporary(path)
    with temporary_beside(path) as temporary:
        yield temporary
        if sync:
            sync_file(temporary)
        os.replace(temporary, path)
        if sync:
            sync_names(path.parent)


def write_bytes(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write under a temporary name, then rename: a reader sees the old file or the new one.

    Args:
        sync: as of `replacing_file`.
    """
    with replacing_file(path, sync=sync) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and one final newline, so that equal values give equal bytes.

    Raises:
        ValueError: a number in it is NaN or infinite, which JSON cannot say.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a header line, then one line per row. Lines end in a line feed, as in a text file.

    A text that a spreadsheet would run gets an apostrophe; see `escape.csv_text`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in (columns, *rows):
        writer.writerow([csv_text(cell) if isinstance(cell, str) else cell for cell in row])
    write_text(path, buffer.getvalue())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def read_yaml(path: Path) -> Any:
    """Read what DVC or Conveyor wrote, by libyaml, which takes a seventh of the time of
    `yaml.safe_load`. Errors of the latter show the line, so use it for files that people write."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of `path` only if the body ends well."""
    with temporary_beside(path) as temporary:
        temporary.mkdir()
        yield temporary
        replace_folder(temporary, path)


def sqlite_url(path: Path) -> str:
    """SQLAlchemy's URL of an SQLite file. SQLAlchemy decodes percent signs and cuts at `?`.

    An encoded URL names the driver too, since MLflow creates the folder of a plain `sqlite:` URL
    under its encoded name.

    >>> sqlite_url(Path("/builds/a b/mlflow.db")), sqlite_url(Path("/builds/a%2Fb?/mlflow.db"))
    ('sqlite:////builds/a b/mlflow.db', 'sqlite+pysqlite:////builds/a%252Fb%3F/mlflow.db')
    """
    name = str(path).replace("%", "%25").replace("?", "%3F")
    return f"sqlite:///{name}" if name == str(path) else f"sqlite+pysqlite:///{name}"


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, in hex, by its relative name; sorted by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in paths}


def digest_tree(folder: Path) -> str:
    """SHA-256 over the relative names and bytes of every file below a folder, in hex."""
    lines = [f"{name} {digest}\n" for name, digest in digest_files(folder).items()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest_value(value: Any) -> str:
    """SHA-256 over a value's canonical JSON, in hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
