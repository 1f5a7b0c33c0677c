"""Addresses of artifacts, which MLflow keeps with absolute paths, in a project that was moved."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from mlflow.utils.file_utils import local_file_uri_to_path

log = logging.getLogger(__name__)

ARTIFACTS = "mlruns"  # the folder of a project's artifacts
# Where MLflow's tables hold an address.
COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
DEFAULT_EXPERIMENT = 0  # MLflow makes it in any working directory; nothing is written into it


def is_local(address: str) -> bool:
    """Whether an address names a path of a file system, and no server."""
    return urlsplit(address).scheme in ("", "file")


def find_folder(address: str, home: Path) -> Path:
    """The folder of a local address: in the project if it is there, else where the address says.

    A project that is moved, renamed or mounted under another path still has the addresses of its
    old place, and there may be another project by now.
    """
    path = Path(local_file_uri_to_path(address))
    for number, part in enumerate(path.parts):
        here = home.joinpath(ARTIFACTS, *path.parts[number + 1 :])
        if part == ARTIFACTS and here.is_dir():
            return here
    return path


def mend_addresses(database: Path, home: Path) -> None:
    """Let the addresses in a project's own SQLite file name the folder where the project lies.

    MLflow's pages, `mlflow models serve`, and whatever writes artifacts use them as they are.

    Args:
        database: in `home`. A file that several projects share must not be mended.
    """
    if not database.is_file():
        return
    with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        for old in _find_old_prefixes(connection, home):
            new = home / ARTIFACTS
            prefix = new.as_uri() if urlsplit(old).scheme else str(new)
            count = sum(
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE substr({column}, 1, ?) = ?",
                    (f"{prefix}/", len(old) + 2, len(old) + 1, f"{old}/"),
                ).rowcount
                for table, column in COLUMNS
            )
            log.info("the project was moved: %d addresses of artifacts in %s name %s now, not %s",
                     count, database.name, new, local_file_uri_to_path(old))  # fmt: skip


def _find_old_prefixes(connection: sqlite3.Connection, home: Path) -> set[str]:
    """The beginnings of addresses, up to `mlruns`, that belong to another place of the project."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'experiments'")
    if tables.fetchone() is None:  # a new file
        return set()
    query = "SELECT artifact_location FROM experiments WHERE experiment_id != ?"
    locations = [row[0] for row in connection.execute(query, (DEFAULT_EXPERIMENT,)) if row[0]]
    return {
        location.rpartition("/")[0]
        for location in filter(is_local, locations)
        if _was_moved(Path(local_file_uri_to_path(location)), home)
    }


def _was_moved(stored: Path, home: Path) -> bool:
    """Whether an experiment's folder lies in the project, although it is stored under another path.

    A path through a link to the project is as good as another. A folder that a person chose
    elsewhere stays.
    """
    here = home / ARTIFACTS / stored.name
    if stored.parent.name != ARTIFACTS or stored == here:
        return False
    if here.is_dir():
        return not (stored.exists() and stored.samefile(here))
    # Nothing was written, or all of it was deleted: the old folder of the project tells.
    return not stored.parent.parent.exists()
