"""Where a study is kept: a journal file, SQLite, or PostgreSQL for drivers on many machines."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from conveyor import files
from conveyor.config import FitConfig, SweepConfig, narrow
from conveyor.errors import InputError, missing_package
from conveyor.sweep.journal import open_journal
from conveyor.sweep.locks import FileLocks, Locks, PostgresLocks

# How many trials, where and how fast, can change without starting the search anew.
FREE = {"trials", "workers", "gpus", "executor", "ray", "storage", "pick", "retries",
        "time_limit", "trial_time_limit", "max_failed_share"}  # fmt: skip


class SweepError(InputError):
    """The sweep cannot go on; the message says what stands in the way."""


class FileStore:
    """A journal or an SQLite file under the project's scratch folder; one machine's drivers."""

    def __init__(self, scratch: Path, key: str, where: str) -> None:
        self.folder = scratch / "sweep" / key
        self.where = where
        self.locks: Locks = FileLocks(scratch / "sweep" / f"{key}.locks")

    @property
    def file(self) -> Path:
        return self.folder / ("study.db" if self.where == "sqlite" else "journal.log")

    @property
    def url(self) -> str:
        """As optuna-dashboard takes it."""
        return files.sqlite_url(self.file) if self.where == "sqlite" else str(self.file)

    def exists(self) -> bool:
        return self.file.is_file()

    def open(self) -> BaseStorage:
        self.folder.mkdir(parents=True, exist_ok=True)
        return RDBStorage(self.url) if self.where == "sqlite" else open_journal(self.file)

    def set_aside(self) -> None:
        """The next `open` begins anew; the study before it stays as `.previous`."""
        aside = self.folder.with_name(f"{self.folder.name}.previous")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(self.folder, aside)

    def close(self) -> None:
        self.locks.release_all()


class PostgresStore:
    """A PostgreSQL database; any number of drivers on any number of machines.

    Raises:
        SweepError: the driver package or the server is not there.
    """

    def __init__(self, scratch: Path, key: str, where: str) -> None:
        self.folder = scratch / "sweep" / key  # what a trial needs to resume stays on its machine
        self.url = where
        try:
            engine = create_engine(where, pool_size=1)
            tables = PostgresLocks(engine, "tables")
            with tables.exclusive():  # processes that make the tables at once would fail
                self._storage = RDBStorage(where)
            tables.release_all()
            self.locks: Locks = PostgresLocks(engine, key)
        except ModuleNotFoundError as error:
            message = missing_package(f"sweep.storage={where}", error.name, "postgres")
            raise SweepError(message) from None
        except OperationalError as error:
            raise SweepError(
                f"cannot open sweep.storage {where}: {_first_line(error.orig)} "
                "(a password is read from PGPASSWORD or ~/.pgpass)"
            ) from None

    def exists(self) -> bool:
        return True

    def open(self) -> BaseStorage:
        return self._storage

    def set_aside(self) -> None:
        """Nothing to move: the next study takes another name."""

    def close(self) -> None:
        self.locks.release_all()


Store = FileStore | PostgresStore


def store(scratch: Path, key: str, where: str) -> Store:
    """The store that `sweep.storage` names, for the study of one configuration."""
    kind = PostgresStore if where.startswith("postgresql") else FileStore
    return kind(scratch, key, where)


def key_of(config: SweepConfig, data_digest: str) -> str:
    """Equal for equal configuration and data."""
    parts = narrow(config, FitConfig).model_dump(mode="json")
    searched = config.sweep.model_dump(mode="json", exclude=FREE)
    return files.digest_value([parts, searched, data_digest])[:16]


def latest(storage: BaseStorage, key: str) -> str | None:
    """Name of the newest study of a key: the key, or a number behind it."""
    numbers = [
        int(found[1] or 1)
        for study in storage.get_all_studies()
        if (found := re.fullmatch(rf"{key}(?:\.(\d+))?", study.study_name))
    ]
    return named(key, max(numbers)) if numbers else None


def following(key: str, name: str | None) -> str:
    """Name of the study after this one."""
    if name is None:
        return key
    return named(key, int(name.removeprefix(key).removeprefix(".") or 1) + 1)


def named(key: str, number: int) -> str:
    return key if number == 1 else f"{key}.{number}"


def _first_line(error: Any) -> str:
    return str(error).strip().splitlines()[0]
