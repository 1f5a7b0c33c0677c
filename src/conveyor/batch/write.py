"""Writes predictions to a file, which appears under its name only when it is complete."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from conveyor import files
from conveyor.batch.read import check_suffix


class Writer(Protocol):
    """A file of predictions, written window by window."""

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


def schema(classes: Sequence[str]) -> pa.Schema:
    """Columns of the predictions: row number from 0, and the fields of the server's answers."""
    probabilities = pa.struct([(name, pa.float32()) for name in classes])
    return pa.schema(
        [
            ("row", pa.int64()),
            ("label", pa.string()),
            ("probability", pa.float32()),
            ("probabilities", probabilities),
        ]
    )


@contextmanager
def open_writer(path: Path, columns: pa.Schema) -> Iterator[Writer]:
    """Open a writer; the file appears when the body has ended without an error.

    Raises:
        InputError: the name has the suffix of another format.
    """
    check_suffix(path)
    with files.replacing_file(path) as temporary:
        writer = WRITERS[path.suffix](temporary, columns)
        try:
            yield writer
        finally:
            writer.close()


class _Parquet:
    def __init__(self, path: Path, columns: pa.Schema) -> None:
        self.file = pq.ParquetWriter(path, columns)

    def write(self, table: pa.Table) -> None:
        self.file.write_table(table)

    def close(self) -> None:
        self.file.close()


class _Csv:
    """Each class gets a column, `probabilities.<class>`."""

    def __init__(self, path: Path, columns: pa.Schema) -> None:
        self.file = csv.CSVWriter(path, columns.empty_table().flatten().schema)

    def write(self, table: pa.Table) -> None:
        self.file.write_table(table.flatten())

    def close(self) -> None:
        self.file.close()


class _Jsonl:
    def __init__(self, path: Path, columns: pa.Schema) -> None:
        self.file = path.open("w", encoding="utf-8")

    def write(self, table: pa.Table) -> None:
        self.file.writelines(
            json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()
        )

    def close(self) -> None:
        self.file.close()


WRITERS = {".csv": _Csv, ".jsonl": _Jsonl, ".parquet": _Parquet}
