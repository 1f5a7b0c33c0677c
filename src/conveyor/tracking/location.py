"""Where the MLflow store of a project is. Does not import MLflow."""

import os
from pathlib import Path
from urllib.parse import unquote

from conveyor import files
from conveyor.paths import Paths
from conveyor.secrets import without_secret

DATABASE = "mlflow.db"
GIVEN_UP = "given_up"  # a folder beside that of the journals


def home(paths: Paths) -> Path:
    """The project's main folder, also where DVC runs an experiment in a temporary checkout."""
    return Path(os.environ.get("DVC_ROOT") or paths.root).absolute()


def uri(paths: Paths) -> str:
    """MLFLOW_TRACKING_URI, or SQLite in the project's main folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or files.sqlite_url(home(paths) / DATABASE)


def store_name() -> str:
    """What journals call the store: the address without a password; nothing for the project's own,
    which stays the same when the project is moved."""
    return without_secret(os.environ.get("MLFLOW_TRACKING_URI", ""))


def journals(paths: Paths) -> Path:
    """The folder of the journals of runs; see `tracking.journal`."""
    return home(paths) / ".conveyor" / "runs"


def given_up(paths: Paths) -> Path:
    """The folder of copies of journals with a record that the store did not take."""
    return journals(paths).with_name(GIVEN_UP)


def sqlite_file(where: str) -> Path | None:
    """The file of a SQLite store; None for any other."""
    scheme, separator, path = where.partition(":///")
    if not separator or scheme not in ("sqlite", "sqlite+pysqlite"):
        return None
    return Path(unquote(path.partition("?")[0]))
