"""Writes predictions to a file, which appears under its name only when it is complete."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from conveyor import files
from conveyor.errors import InputError
from conveyor.escape import csv_text
from conveyor.tasks.answers import Answers

TIME = "time"  # of a step that is forecast
SUFFIXES = (".csv", ".jsonl", ".parquet")


def schema(answers: Answers, *, with_ids: bool, times: Sequence[Any] | None = None) -> pa.Schema:
    """Columns of the predictions: row number from 0, the series' id if `with_ids`, the times of the
    steps that are forecast if there are `times`, and the fields of the task's answers."""
    keys = [pa.field("row", pa.int64())]
    keys += [pa.field("id", pa.string())] if with_ids else []
    if times is not None:
        is_number = any(isinstance(time, int) for row in times for time in row[:1])
        keys += [pa.field(TIME, pa.list_(pa.int64() if is_number else pa.string()))]
    return pa.schema([*keys, *answers.schema])


def expand_steps(table: pa.Table) -> pa.Table:
    """Return a table with a row for each item of its lists, which are of equal length in a row; a
    row whose lists are null stays one."""
    columns = [column.combine_chunks() for column in table.columns]
    lengths = pc.fill_null(pc.list_value_length(table.column(TIME)), 1).to_numpy()
    rows = pa.array(np.repeat(np.arange(len(table)), lengths))
    items = [_flatten_lists(c) if pa.types.is_nested(c.type) else c.take(rows) for c in columns]
    return pa.table(dict(zip(table.column_names, items, strict=True)))


def _flatten_lists(column: pa.Array) -> pa.Array:
    """Return the items of lists, or of structures of lists."""
    if pa.types.is_struct(column.type):
        fields = [_flatten_lists(field) for field in column.flatten()]
        return pa.StructArray.from_arrays(fields, [field.name for field in column.type])
    return pc.coalesce(column, pa.scalar([None], column.type)).flatten()


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
