"""One column of a CSV, JSON Lines or Parquet file, in windows of rows."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from conveyor.encoding import RowError
from conveyor.errors import InputError


def read_windows(path: Path, column: str, size: int) -> Iterator[list[Any]]:
    """Read the values of a column in the order of the rows, `size` rows at a time.

    A `RowError` takes the place of a row that cannot be parsed.

    Raises:
        InputError: the file is missing, has another format, or has no such column.
    """
    check_suffix(path)
    if not path.is_file():
        raise InputError(f"{path}: file not found. Name an existing file")
    values = READERS[path.suffix](path, column)
    while window := list(islice(values, size)):
        yield window


def check_suffix(path: Path) -> None:
    """Raises: InputError: the name ends in none of the three formats' suffixes."""
    if path.suffix not in READERS:
        raise InputError(
            f"{path}: expected a name that ends in .csv, .jsonl or .parquet; "
            f"got {path.suffix or 'no suffix'}"
        )


def _csv(path: Path, column: str) -> Iterator[Any]:
    csv.field_size_limit(2**31 - 1)
    # Spreadsheets write a byte order mark at the beginning.
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        try:
            header = next(rows, [])
            position = _position(path, column, header)
            for row in rows:
                if len(row) == len(header):
                    yield row[position]
                elif row:  # a blank line is not a row, for pandas and Arrow too
                    problem = f"expected {len(header)} fields, as in the header; got {len(row)}"
                    yield RowError(problem)
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}, line {rows.line_num + 1}: expected valid CSV in UTF-8; got: {error}"
            ) from None


def _jsonl(path: Path, column: str) -> Iterator[Any]:
    column_checked = False
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield RowError(f"the line is not valid JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield RowError(f"expected a JSON object; got a value of type {type(row).__name__}")
                continue
            if not column_checked:
                _position(path, column, list(row))
                column_checked = True
            yield row[column] if column in row else RowError(f"key {column!r} not found")


def _parquet(path: Path, column: str) -> Iterator[Any]:
    try:
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: expected a Parquet file; got: {error}") from None
    with file:
        _position(path, column, file.schema_arrow.names)
        for batch in file.iter_batches(1024, columns=[column], use_threads=False):
            values = batch.column(0)
            yield from _step_arrays(values) or values.to_pylist()


def _step_arrays(column: Any) -> list[NDArray[Any]] | None:
    """Lists of steps as arrays (steps, channels), which share Arrow's memory.

    Returns:
        None where the column has another type, a null, or steps of different width.
    """
    lists = (pa.ListArray, pa.LargeListArray)
    if not isinstance(column, lists) or not isinstance(steps := column.flatten(), lists):
        return None
    numbers, ends = steps.flatten(), np.cumsum(column.value_lengths())
    if not (pa.types.is_floating(numbers.type) or pa.types.is_integer(numbers.type)):
        return None
    widths = np.unique(steps.value_lengths())
    if len(widths) != 1 or column.null_count or steps.null_count or numbers.null_count:
        return None
    flat = numbers.to_numpy().reshape(-1, int(widths[0]))
    starts = ends - column.value_lengths().to_numpy()
    return [flat[start:end] for start, end in zip(starts, ends, strict=True)]


def _position(path: Path, column: str, names: list[str]) -> int:
    if column not in names:
        existing = ", ".join(names) or "none"
        raise InputError(
            f"{path}: column {column!r} not found; columns are {existing}. Name one with --column"
        )
    return names.index(column)


READERS = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
