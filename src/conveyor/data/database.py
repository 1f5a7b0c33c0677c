"""The DuckDB database in which the rows of a data set are checked and split."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from conveyor.config.dataset import Engine
from conveyor.errors import DataError
from conveyor.temporary import remove_abandoned, temporary_folder

Database = duckdb.DuckDBPyConnection
BATCH = 1 << 15  # rows that a result has in memory


@contextmanager
def open_database(engine: Engine, folder: Path) -> Iterator[Database]:
    """Open an empty database, which is gone when the `with` block or the process ends.

    Args:
        folder: holds, in a temporary folder, the file of the database, which is unlinked at once,
            and what a query cannot hold in `engine.memory`.

    Raises:
        DataError: a query in the `with` block needs more memory, beside what goes to disk.
    """
    remove_abandoned(folder)
    with temporary_folder(folder, "duckdb") as scratch, _connect(engine, scratch) as database:
        file = scratch / "rows"
        name = str(file).replace("'", "''")
        # Nobody recovers this database, and a log would be one more file.
        database.execute(f"ATTACH '{name}' AS data (RECOVERY_MODE no_wal_writes)")
        file.unlink()  # it stays open, and a killed process leaves no rows
        database.execute("USE data")
        database.execute("SET TimeZone = 'UTC'")  # not the machine's
        database.execute("SET enable_progress_bar = false")
        database.execute("SET preserve_insertion_order = false")  # rows have numbers
        try:
            yield database
        except duckdb.OutOfMemoryException as error:
            reason = str(error).partition("\n")[0]
            raise DataError(
                f"dataset.engine.memory: expected enough for this number of rows with "
                f"{engine.threads} threads; got {engine.memory} ({reason}). Raise it, or lower "
                "dataset.engine.threads."
            ) from None


def _connect(engine: Engine, scratch: Path) -> closing[Database]:
    config: dict[str, Any] = {
        "threads": engine.threads, "memory_limit": engine.memory,
        "temp_directory": str(scratch / "spilled"),
    }  # fmt: skip
    return closing(duckdb.connect(config=config))


def load(
    database: Database, query: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> None:
    """Run a query that reads the batches from a table `source`, in their order.

    Raises:
        Exception: reading the batches failed.
    """
    errors: list[Exception] = []

    def read() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:
            errors.append(error)
            raise

    database.register("source", pa.RecordBatchReader.from_batches(schema, read()))
    try:
        database.execute(query)
    except duckdb.Error as error:
        raise (errors[0] if errors else error) from None
    finally:
        database.unregister("source")


def by_row(database: Database, value: str, table: str, rows: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return a value of each row, (rows,); -1 for rows that are not in the table.

    Args:
        value: an expression over the columns of the table.
    """
    values = np.full(rows, -1, dtype)
    query = f"SELECT row, {value} AS value FROM {table}"  # in any order of rows
    for batch in database.sql(query).to_arrow_reader(BATCH):
        values[batch.column("row").to_numpy()] = batch.column("value").to_numpy()
    return values


def small_integer(largest: int) -> np.dtype[Any]:
    """Return the smallest type of numbers from -1 to `largest`."""
    return np.min_scalar_type(-1 - largest)
