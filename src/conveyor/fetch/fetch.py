"""Reads the queries of a data set into the Parquet files of its source."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from conveyor import files
from conveyor.config.dataset import Engine
from conveyor.config.source import Source
from conveyor.data.arrow import use_small_pool
from conveyor.data.database import Database, load, open_database
from conveyor.data.row_estimate import estimate_rows
from conveyor.errors import DataError, InputError
from conveyor.fetch.server import FIELD, connect, stream
from conveyor.fetch.sorted_file import write_sorted
from conveyor.fetch.spool import Spool
from conveyor.progress import progress_bar
from conveyor.secrets import MissingVariable, expand_variables, hide, variables_in
from conveyor.temporary import remove_abandoned, temporary_folder

DUCKDB = "duckdb:"


@dataclass(frozen=True)
class FetchResult:
    """One file that holds the rows of a query.

    Attributes:
        changed: false where the file has held the same rows before.
    """

    path: Path
    part: str
    rows: int
    columns: int
    changed: bool

    def __str__(self) -> str:
        state = "" if self.changed else ", as before"
        return f"{self.path}: {self.rows:,} rows, {self.columns} columns{state}"


def fetch(source: Source, engine: Engine, root: Path, scratch: Path) -> list[FetchResult]:
    """Run each query of `source.sql`, and replace the file of its part.

    Rows are sorted by their columns from left to right, so that equal rows give equal bytes in
    whatever order the database returns them. A file whose rows are the same is left as it is. No
    file is replaced unless all queries succeed.

    Args:
        engine: what DuckDB may use to sort; what does not fit goes to disk.
        root: the project folder, to which the paths of `source.files` are relative.
        scratch: a folder for temporary files.

    Raises:
        InputError: there is no query, or the database cannot be opened; no message holds a secret.
        DataError: the database refuses a query, or a result has no rows or no distinct columns.
    """
    if source.sql is None:
        raise InputError(
            "dataset.source.sql: expected a URL and queries; got null. Add them to the data set in "
            "conf/dataset, as docs/howto/database.md shows"
        )
    use_small_pool()
    remove_abandoned(scratch)
    results = []
    try:
        with temporary_folder(scratch, "fetch") as fresh:
            for part, query in source.sql.queries.items():
                path = root / str(source.files[part])
                before = estimate_rows([path])  # the rows of the last time
                with (
                    progress_bar(f"querying {part}", " rows", before) as bar,
                    _open_query(source.sql.url, query, part, engine, fresh, bar) as (db, table),
                ):
                    rows, columns = write_sorted(db, table, fresh / part, before)
                if not rows:
                    raise DataError(
                        f"{_field(part)}: expected rows; got none, so {path} stays as it is. "
                        "Change the query."
                    )
                same = path.is_file() and files.digest_file(path) == files.digest_file(fresh / part)
                results.append(FetchResult(path, part, rows, columns, changed=not same))
            for result in results:
                if result.changed:
                    with files.replacing_file(result.path) as temporary:
                        shutil.copyfile(fresh / result.part, temporary)
    except MissingVariable as error:
        raise InputError(f"{FIELD}: {error}. Set it, or change the URL.") from None
    return results


@contextmanager
def _open_query(
    url: str, query: str, part: str, engine: Engine, folder: Path, bar: Any
) -> Iterator[tuple[Database, str]]:
    """Open a scratch database, and yield it with the table or subquery that has the rows."""
    field, query = _field(part), query.strip().removesuffix(";")
    with open_database(engine, folder) as database:
        database.execute("SET TimeZone = 'UTC'")
        if url.startswith(DUCKDB):
            _attach(database, url)
            with _refusals(field, url):
                names = [row[0] for row in database.execute(f"DESCRIBE (\n{query}\n)").fetchall()]
                _require_distinct(names, field)
                yield database, f"(\n{query}\n)"
            return
        with temporary_folder(folder, "spool") as spooled:
            with connect(url) as connection:
                names, batches = stream(connection, query, url, field)
                _require_distinct(names, field)
                spool = Spool(spooled, names)
                for rows in batches:
                    spool.add(rows)
                    bar.update(len(rows))
            bar.close()
            spool.close()
            load(database, "CREATE TABLE result AS FROM source", spool.schema, spool.read())
        yield database, "result"


def _attach(database: Database, url: str) -> None:
    """Attach the file of a URL such as duckdb:///FILE, read-only; duckdb:// has none."""
    name = expand_variables(url).removeprefix(DUCKDB).removeprefix("//").removeprefix("/")
    if not name:
        return
    place = hide(name, variables_in(url))
    if not Path(name).is_file():
        raise InputError(f"{FIELD}: expected a DuckDB file; got none at {place}. Change the URL.")
    try:
        database.execute("ATTACH '{}' AS source (READ_ONLY)".format(name.replace("'", "''")))
    except duckdb.Error as error:
        raise InputError(f"{FIELD}: cannot open {place}: {_first_line(error, url)}") from None
    database.execute("USE source")


@contextmanager
def _refusals(field: str, url: str) -> Iterator[None]:
    """Turn the errors of a query that DuckDB runs into a DataError."""
    try:
        yield
    except duckdb.OutOfMemoryException:  # its message says what to change
        raise
    except duckdb.Error as error:
        raise DataError(
            f"{field}: expected a query that the database can run; got {_first_line(error, url)}. "
            "Change the query."
        ) from None


def _require_distinct(names: Sequence[str], field: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{field}: expected columns of different names; got {', '.join(repeated)} more than "
            "once. Name them with AS."
        )


def _first_line(error: duckdb.Error, url: str) -> str:
    return hide(str(error).partition("\n")[0], variables_in(url))


def _field(part: str) -> str:
    return f"dataset.source.sql.queries.{part}"
