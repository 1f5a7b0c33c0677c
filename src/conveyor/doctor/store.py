"""Whether the MLflow store answers."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from conveyor.doctor.diagnosis import Diagnosis, note, problem
from conveyor.paths import Paths
from conveyor.tracking.location import sqlite_file, uri
from conveyor.tracking.store import require_answer

SECONDS = 3.0  # to wait for another process that writes into the file


def check_store(paths: Paths) -> Iterator[Diagnosis]:
    """Whether a server answers within seconds, and a SQLite file is one.

    Raises:
        InputError: the server does not; the message says what to do.
    """
    where = uri(paths)
    require_answer(where)
    file = sqlite_file(where)
    if file is None:
        return
    if not file.is_file():
        yield note(f"there is no MLflow store {file} yet", "dvc repro")
        return
    address = f"{file.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as database:
            database.execute("SELECT count(*) FROM experiments").fetchone()
    except sqlite3.Error as error:
        remedy = (
            f"restore {file} from a backup; or move it away, and run `python -m pipeline.retrain`"
        )
        yield problem(f"{file} cannot be read: {error}", remedy)
