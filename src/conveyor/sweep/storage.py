"""Where a study is stored: a journal file, SQLite, or PostgreSQL for drivers on many machines."""

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from conveyor import files
from conveyor.config import FitConfig, SweepConfig
from conveyor.environment import library_versions
from conveyor.errors import InputError, missing_package
from conveyor.sweep.journal import open_journal
from conveyor.sweep.locks import FileLocks, Locks, PostgresLocks

# Settings of `sweep` that may change while a study is resumed: how many trials, where, how fast.
CHANGEABLE = {"trials", "workers", "gpus", "executor", "ray", "storage", "pick", "retries",
              "time_limit", "trial_time_limit", "max_failed_share"}  # fmt: skip


class SweepError(InputError):
    """The sweep cannot continue; the message says why."""


class FileStore:
    """A journal or SQLite file in the project's scratch folder, for drivers of one machine.

    Attributes:
        url: the study's location, as optuna-dashboard takes it.
    """

    def __init__(self, scratch: Path, key: str, location: str) -> None:
        self.folder = scratch / "sweep" / key
        self._is_sqlite = location == "sqlite"
        self._file = self.folder / ("study.db" if self._is_sqlite else "journal.log")
        self.url = files.sqlite_url(self._file) if self._is_sqlite else str(self._file)
        self.locks: Locks = FileLocks(scratch / "sweep" / f"{key}.locks")

    def exists(self) -> bool:
        """Return whether a study has been stored."""
        return self._file.is_file()

    def open(self) -> BaseStorage:
        """Open the storage, and create it if it is missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return RDBStorage(self.url) if self._is_sqlite else open_journal(self._file)

    def set_aside(self) -> None:
        """Rename the study's folder to `.previous`, so that the next `open` starts a new study."""
        previous = self.folder.with_name(f"{self.folder.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        os.replace(self.folder, previous)


class PostgresStore:
    """A PostgreSQL database, for any number of drivers on any number of machines.

    Raises:
        SweepError: the driver package is missing, or the server does not answer.
    """

    def __init__(self, scratch: Path, key: str, location: str) -> None:
        self.folder = scratch / "sweep" / key  # what a trial resumes from stays on its machine
        self.url = location
        try:
            engine = create_engine(location, pool_size=1)
            creation_lock = PostgresLocks(engine, "tables")
            with creation_lock.exclusive():  # processes that create the tables at once would fail
                self._storage = RDBStorage(location)
            creation_lock.release_all()
            self.locks: Locks = PostgresLocks(engine, key)
        except ModuleNotFoundError as error:
            message = missing_package(f"sweep.storage={location}", error.name, "postgres")
            raise SweepError(message) from None
        except OperationalError as error:
            first_line = str(error.orig).strip().splitlines()[0]
            raise SweepError(
                f"sweep.storage: cannot open {location}: {first_line}. "
                "The password is read from PGPASSWORD or ~/.pgpass."
            ) from None

    def exists(self) -> bool:
        """Return True: the database holds all studies."""
        return True

    def open(self) -> BaseStorage:
        """Return the storage."""
        return self._storage

    def set_aside(self) -> None:
        """Do nothing: the next study has another name in the same database."""


Store = FileStore | PostgresStore


def make_store(scratch: Path, key: str, location: str) -> Store:
    """Return the store at `location` (a value of `sweep.storage`) for the study of one key."""
    store_type = PostgresStore if location.startswith("postgresql") else FileStore
    return store_type(scratch, key, location)


def study_key(config: SweepConfig, data_digest: str) -> str:
    """Return a key that is equal for equal configuration, data and libraries."""
    sections = config.model_dump(mode="json", include=set(FitConfig.model_fields))
    searched = config.sweep.model_dump(mode="json", exclude=CHANGEABLE)
    return files.digest_value([sections, searched, data_digest, library_versions()])[:16]


def new_study_name(dataset: str, key: str, number: int) -> str:
    """Return the name of a study that begins now: data set, day in UTC, and key, with the number of
    the study where the key has several."""
    suffix = "" if number == 1 else f".{number}"
    return f"{dataset} {datetime.now(UTC):%Y-%m-%d} {key}{suffix}"


def find_latest_study(storage: BaseStorage, key: str) -> tuple[int, str]:
    """Return number and name of a key's newest study; 0 and no name if it has none.

    The studies of an earlier version of the program have the key alone as their name.
    """
    names = (study.study_name for study in storage.get_all_studies())
    matches = [re.fullmatch(rf"(?:.* )?{key}(?:\.(\d+))?", name) for name in names]
    studies = [(int(match[1] or 1), match[0]) for match in matches if match]
    return max(studies, default=(0, ""))
