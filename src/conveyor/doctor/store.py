"""Whether the MLflow store answers within seconds. MLflow itself would try for minutes."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from conveyor.doctor.diagnosis import Diagnosis, note, problem
from conveyor.paths import Paths
from conveyor.secrets import without_secret
from conveyor.tracking.location import sqlite_file, uri

SECONDS = 3.0  # that a store has to answer
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "http": 80, "https": 443}


def check_store(paths: Paths) -> Iterator[Diagnosis]:
    """Whether the store answers, and a SQLite file is one."""
    where = uri(paths)
    file = sqlite_file(where)
    try:
        if file is None:
            _ask_server(where)
        elif file.is_file():
            address = f"{file.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as database:
                database.execute("SELECT count(*) FROM experiments").fetchone()
        else:
            yield note(f"there is no MLflow store {file} yet", "dvc repro")
    except (OSError, HTTPException, sqlite3.Error) as error:
        remedy = "start the server, or set MLFLOW_TRACKING_URI to one that runs"
        if file is not None:
            remedy = f"restore {file} from a backup; or move it away, and run `dvc repro`"
        yield problem(f"the MLflow store {without_secret(where)} does not answer: {error}", remedy)


def _ask_server(where: str) -> None:
    """Raises: OSError, HTTPException: there is no answer in time."""
    parts = urlsplit(where)
    scheme = parts.scheme.partition("+")[0]
    host, port = parts.hostname or "localhost", parts.port or PORTS.get(scheme)
    if scheme not in ("http", "https"):
        if port is not None:
            socket.create_connection((host, port), timeout=SECONDS).close()
        return
    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    with closing(kind(host, port, timeout=SECONDS)) as connection:
        connection.request("GET", f"{parts.path.rstrip('/')}/health")
        connection.getresponse().read()  # any answer: a server before it may ask for a password
