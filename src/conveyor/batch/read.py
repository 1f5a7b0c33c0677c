"""One column of a file, window by window."""

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

from conveyor.errors import InputError


class Unreadable:
    """Stands in a window for a row that the file does not hold whole."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def windows(path: Path, column: str, size: int) -> Iterator[list[Any]]:
    """The values of a column in the order of the rows, `size` at a time.

    Raises:
        InputError: the file is not there, is none of the three kinds, or has no such column.
    """
    if path.suffix not in READERS:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; {KINDS} is needed")
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    values = READERS[path.suffix](path, column)
    while window := list(islice(values, size)):
        yield window


def _csv(path: Path, column: str) -> Iterator[Any]:
    csv.field_size_limit(2**31 - 1)
    # A file that a spreadsheet wrote may begin with a byte order mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        at = _place(path, column, header)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                raise InputError(f"{path}, line {rows.line_num + 1}: {error}") from None
            if not row:  # a blank line is no row, as pandas and Arrow read it
                continue
            if len(row) == len(header):
                yield row[at]
            else:
                yield Unreadable(f"has {len(row)} fields; the header names {len(header)}")


def _jsonl(path: Path, column: str) -> Iterator[Any]:
    seen = False
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Unreadable(f"is no JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield Unreadable(f"is a JSON {type(row).__name__}; an object is needed")
                continue
            if not seen:
                _place(path, column, list(row))
                seen = True
            yield row[column] if column in row else Unreadable(f"has no {column!r}")


def _parquet(path: Path, column: str) -> Iterator[Any]:
    try:
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is no Parquet file: {error}") from None
    with file:
        _place(path, column, file.schema_arrow.names)
        for batch in file.iter_batches(1024, columns=[column], use_threads=False):
            values = batch.column(0)
            yield from _series(values) or values.to_pylist()


def _series(column: Any) -> list[NDArray[Any]] | None:
    """Lists of steps as arrays (steps, channels), views of Arrow's memory.

    Returns:
        None where the column is of another type, or holds a null or a step of another width.
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


def _place(path: Path, column: str, names: list[str]) -> int:
    if column not in names:
        came = ", ".join(names) or "none"
        raise InputError(
            f"{path} has no column {column!r} (columns: {came}); name the right one with --column"
        )
    return names.index(column)


READERS = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
KINDS = ".csv, .jsonl or .parquet"
