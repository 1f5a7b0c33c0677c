"""Runs a query on a database that SQLAlchemy knows, and streams its rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from conveyor.errors import DataError, InputError, missing_package
from conveyor.secrets import VARIABLE, expand_variables, hide, variables_in

FIELD = "dataset.source.sql.url"
BATCH = 1000  # rows that are in memory at a time


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection that is rolled back at the end, so that a query changes nothing.

    Args:
        url: as in the configuration. A password with special characters needs no encoding where it
            is a `$NAME` in a URL; where `$NAME` is the whole URL, SQLAlchemy's rules apply.

    Raises:
        InputError: the URL is none, its driver is missing, or the database does not answer.
        MissingVariable: the URL names a variable that is not set.
    """
    parsed = _parse(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        _require_file(url, parsed.database or "")
    try:
        # Closing the connection must end it: nothing else of the process uses the database.
        engine = create_engine(parsed, poolclass=NullPool)
        connection = engine.connect()
    except ModuleNotFoundError as error:
        extra = "postgres" if backend == "postgresql" else None
        raise InputError(missing_package(f"{FIELD}={url}", error.name, extra)) from None
    except NoSuchModuleError:
        raise InputError(
            f"{FIELD}: expected a database that SQLAlchemy knows, such as "
            f"postgresql://user:$PASSWORD@host/database, or duckdb:///FILE; got {url}. Change it, "
            "or install the package that brings the dialect."
        ) from None
    except SQLAlchemyError as error:
        raise InputError(
            f"{FIELD}: cannot open {url}: {reason(error, url)}. Start the database, or change the "
            "URL or its variables."
        ) from None
    with connection:
        yield connection


def stream(
    connection: Connection, query: str, url: str, field: str
) -> tuple[list[str], Iterator[Sequence[Sequence[Any]]]]:
    """Run a query.

    Args:
        field: of the configuration that holds the query, for messages.

    Returns:
        The names of the columns, and batches of rows.

    Raises:
        DataError: the database refuses the query, also while rows are read, or it returns no rows.
    """

    def refusal(error: SQLAlchemyError) -> DataError:
        return DataError(
            f"{field}: expected a query that the database can run; got {reason(error, url)}. "
            "Change the query."
        )

    # Without parameters, `%` and `:` in the query are plain characters.
    options = {"stream_results": True, "no_parameters": True}
    try:
        result = connection.execution_options(**options).exec_driver_sql(query)
    except SQLAlchemyError as error:
        raise refusal(error) from None
    if not result.returns_rows:
        raise DataError(f"{field}: expected a query that returns rows; got {query!r}. Change it.")

    def read() -> Iterator[Sequence[Sequence[Any]]]:
        try:
            yield from result.partitions(BATCH)
        except SQLAlchemyError as error:
            raise refusal(error) from None

    return list(result.keys()), read()


def reason(error: SQLAlchemyError, url: str) -> str:
    """Return the first line of the driver's own message, without a secret."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return hide(lines[0] if lines else type(error).__name__, variables_in(url))


def _parse(url: str) -> URL:
    """Parse a URL, then replace the variables in its parts."""
    try:
        if VARIABLE.fullmatch(url):
            return make_url(expand_variables(url))
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose message may repeat a secret
        raise InputError(
            f"{FIELD}: expected a URL such as postgresql://user:$PASSWORD@host/database or "
            f"duckdb:///FILE; got {url}. Change it, or the variable."
        ) from None
    texts: dict[str, Any] = {
        part: expand_variables(value)
        for part in ("username", "password", "host", "database")
        if (value := getattr(parsed, part)) is not None
    }
    query = {
        name: expand_variables(value) if isinstance(value, str) else value
        for name, value in parsed.query.items()
    }
    return parsed.set(**texts, query=query)


def _require_file(url: str, database: str) -> None:
    """SQLite creates a missing file, and then has no tables."""
    named = database not in ("", ":memory:") and not database.startswith("file:")
    if named and not Path(database).is_file():
        place = hide(database, variables_in(url))
        raise InputError(f"{FIELD}: expected an SQLite file; got none at {place}. Change the URL.")
