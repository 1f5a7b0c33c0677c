"""Locks that are released when their holder dies, without clean-up, clocks or heartbeats.

The drivers of one study exclude each other by one lock, and each holds another for as long as it
lives. On one machine the kernel releases the file locks of a dead process; PostgreSQL releases the
advisory locks of a session whose connection broke.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from conveyor.errors import InputError


class StorageLost(InputError):
    """The study's database cannot be reached. A sweep can be resumed when it can."""


class FileLocks:
    """File locks (flock) in a folder that all drivers see."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._turn = FileLock(folder / "turn")
        self._held: dict[str, FileLock] = {}

    def exclusive(self) -> AbstractContextManager[Any]:
        """Enter when no other driver is inside."""
        return self._turn

    def hold(self, name: str) -> bool:
        """Take a lock until `release_all` or death. Returns False if another process holds it."""
        lock = FileLock(self._folder / name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        self._held[name] = lock
        return True

    def is_held(self, name: str) -> bool:
        """Return whether a living process, this one included, holds it."""
        if name in self._held or not self.hold(name):
            return True
        self._release(name)
        return False

    def release_all(self) -> None:
        """Release all locks of this process."""
        for name in list(self._held):
            self._release(name)

    def _release(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)  # no later driver has the same name
        self._held.pop(name).release()


class PostgresLocks:
    """Advisory locks of one database session: https://www.postgresql.org/docs/current/explicit-locking.html

    A machine that goes away without closing its connection is detected by the server's keepalive,
    set here to 25 s.
    """

    def __init__(self, engine: Any, study: str) -> None:
        self._study = study
        self._session = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for setting in ("idle = 10", "interval = 5", "count = 3"):
            self._session.execute(text(f"SET tcp_keepalives_{setting}"))
        self._held: set[str] = set()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Enter when no other driver is inside."""
        self._call("pg_advisory_lock", "turn")
        try:
            yield
        finally:
            self._call("pg_advisory_unlock", "turn")

    def hold(self, name: str) -> bool:
        """Take a lock until `release_all` or death. Returns False if another process holds it."""
        taken = bool(self._call("pg_try_advisory_lock", name))
        if taken:
            self._held.add(name)
        return taken

    def is_held(self, name: str) -> bool:
        """Return whether a living process, this one included, holds it."""
        if name in self._held or not self._call("pg_try_advisory_lock", name):
            return True
        self._call("pg_advisory_unlock", name)
        return False

    def release_all(self) -> None:
        """Release all locks of this process."""
        self._held.clear()
        self._session.invalidate()  # the server releases the locks with the session
        self._session.close()

    def _call(self, function: str, name: str) -> Any:
        statement = text(f"SELECT {function}(hashtextextended(:name, 0))")  # keys have 64 bits
        try:
            whole_name = f"conveyor/{self._study}/{name}"
            return self._session.execute(statement, {"name": whole_name}).scalar()
        except SQLAlchemyError as error:
            raise StorageLost(
                "the study's database went away, and this driver's locks with it. Run it again to "
                f"continue ({str(error.__cause__ or error).strip().splitlines()[0]})"
            ) from None


Locks = FileLocks | PostgresLocks
