"""A registered version, read from a SQLite store without MLflow.

MLflow takes seconds to import, and a look at one table milliseconds. What is read here is what
MLflow's `get_model_version_by_alias` and `download_artifacts` give for a version whose files lie
on this machine; whatever is not as plain as that is left to MLflow.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from conveyor.paths import Paths
from conveyor.tracking.location import sqlite_file, uri

BY_ALIAS = """
    SELECT v.version, v.storage_location FROM registered_model_aliases AS a
    JOIN model_versions AS v USING (workspace, name, version)
    WHERE a.name = ? AND a.alias = ? AND a.workspace = 'default' AND v.status = 'READY'"""
BY_VERSION = """
    SELECT version, storage_location FROM model_versions
    WHERE name = ? AND version = ? AND workspace = 'default' AND status = 'READY'
    AND current_stage <> 'Deleted_Internal'"""


@dataclass(frozen=True)
class Deployed:
    """A version, and its exported folder on this machine."""

    version: str
    folder: Path


def find(name: str, paths: Paths, *, alias: str, version: str | None = None) -> Deployed | None:
    """The version behind an alias, or the one that is named.

    Returns:
        None where MLflow has to be asked: for a store elsewhere, files elsewhere, tables of
        another MLflow, and for every mistake, since MLflow's answer says what is wrong.
    """
    file = sqlite_file(uri(paths))
    if file is None or not file.is_file():
        return None
    query, key = (BY_ALIAS, alias) if version is None else (BY_VERSION, version)
    try:
        address = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as store:
            found = store.execute(query, (name, key)).fetchone()
    except sqlite3.Error:
        return None
    if found is None or found[1] is None:
        return None
    place = urlsplit(found[1])
    folder = Path(unquote(place.path)) / "artifacts" / paths.model.name
    if place.scheme != "file" or place.netloc or not folder.is_dir():
        return None
    return Deployed(str(found[0]), folder)
