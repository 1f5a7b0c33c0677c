"""Whether the MLflow store answers."""

from collections.abc import Iterator

from conveyor.doctor.diagnosis import Diagnosis, note
from conveyor.paths import Paths
from conveyor.tracking.location import sqlite_file, uri
from conveyor.tracking.store import check_sqlite, require_answer


def check_store(paths: Paths) -> Iterator[Diagnosis]:
    """Whether a server answers within seconds, and a SQLite file is one.

    Raises:
        InputError: it does not, or is not; the message says what to do.
    """
    where = uri(paths)
    require_answer(where)
    check_sqlite(where)
    file = sqlite_file(where)
    if file is not None and not file.is_file():
        yield note(f"there is no MLflow store {file} yet", "dvc repro")
