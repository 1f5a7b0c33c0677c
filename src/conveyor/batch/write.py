"""Writes predictions to a file, which appears under its name only when it is complete."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from conveyor import files
from conveyor.errors import InputError
from conveyor.escape import csv_text
from conveyor.tasks.answers import Answers

SUFFIXES = (".csv", ".jsonl", ".parquet")


def schema(answers: Answers, *, with_ids: bool) -> pa.Schema:
    """Columns of the predictions: row number from 0, the series' id if `with_ids`, and the fields
    of the task's answers."""
    ids = [pa.field("id", pa.string())] if with_ids else []
    return pa.schema([pa.field("row", pa.int64()), *ids, *answers.schema])


def check_suffix(path: Path) -> None:
    """Raises: InputError: the name ends in none of the three formats' suffixes."""
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{path}: expected a name that ends in .csv, .jsonl or .parquet; "
            f"got {path.suffix or 'no suffix'}"
        )


@contextmanager
def open_writer(path: Path, columns: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends a table; the file appears when the body ends without an error.

    In a CSV file each part of a structure gets a column, such as `probabilities.<class>`, and a
    list is JSON.

    Raises:
        InputError: the name has the suffix of another format.
    """
    check_suffix(path)
    with files.replacing_file(path) as temporary:
        if path.suffix == ".parquet":
            with pq.ParquetWriter(temporary, columns) as file:
                yield file.write_table
        elif path.suffix == ".csv":
            with csv.CSVWriter(temporary, _flatten(columns.empty_table()).schema) as file:
                yield lambda table: file.write_table(_flatten(table))
        else:
            with temporary.open("w", encoding="utf-8") as file:
                yield lambda table: file.writelines(
                    json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()
                )


def _flatten(table: pa.Table) -> pa.Table:
    """Return the table without structures and lists, which CSV does not have, and without text
    that a spreadsheet would run."""
    flat = table.flatten()
    for position, field in enumerate(flat.schema):
        if pa.types.is_string(field.type):
            # Most columns of text are answers, which have few different values.
            coded = flat.column(position).combine_chunks().dictionary_encode()
            texts = pa.array(map(csv_text, coded.dictionary.to_pylist()), pa.string())
            flat = flat.set_column(position, field.name, texts.take(coded.indices))
        elif pa.types.is_list(field.type):
            values = flat.column(position).to_pylist()
            texts = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values]
            flat = flat.set_column(position, field.name, pa.array(texts, pa.string()))
    return flat
