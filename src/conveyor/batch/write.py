"""Answers into a file, window by window, under a temporary name until they are all there."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from conveyor import files
from conveyor.batch.read import KINDS
from conveyor.errors import InputError


class Writer(Protocol):
    """Where the answers go, a table a window."""

    def write(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


def schema(classes: Sequence[str]) -> pa.Schema:
    """Row number from 0, and the answer as the server gives it, null where there is none."""
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
def writing(path: Path, columns: pa.Schema) -> Iterator[Writer]:
    """Open a writer; the file appears, whole, when the body has ended well.

    Raises:
        InputError: its name ends in none of the three kinds.
    """
    if path.suffix not in WRITERS:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; {KINDS} is needed")
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
    """`probabilities` becomes a column a class, `probabilities.<class>`."""

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
