"""A file as a table: its columns, and its rows as Arrow batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.errors import DataError, quote_names

ROWS, BYTES = 1 << 15, 4 << 20  # limits of a batch; a larger row is a batch of its own
Batches = Iterator[pa.RecordBatch]
MIXED = {b"conveyor": b"mixed"}
TITLE = "If a title or other lines are above the header, delete the lines above the header."


@dataclass(frozen=True)
class Table:
    """One open file.

    Attributes:
        columns: all columns.
        read: batches of the wanted columns, in the file's order; each call reads the file again.
        value_names: by column, the names of its numbers, if the file has them.
        dialect: what was taken where the configuration says `auto`, and what else the data report
            says of the file; complete once the file is read.
    """

    columns: Sequence[str]
    read: Callable[[Sequence[str]], Batches]
    value_names: Mapping[str, list[str]] = field(default_factory=dict)
    dialect: dict[str, Any] = field(default_factory=dict)


def check_header(names: Sequence[str], path: Path) -> Sequence[str]:
    """Return the names of the columns.

    Raises:
        DataError: there are none, or two are equal.
    """
    if not names:
        raise DataError(
            f"{path}: expected a header line; got an empty file. Change dataset.source.files."
        )
    if len(set(names)) != len(names):
        raise DataError(
            f"{path}: expected a header of distinct columns; got {quote_names(names)}. Rename a "
            f"column, or set dataset.source.header if the file has no header line. {TITLE}"
        )
    return names


def limit_size(batches: Batches | Sequence[pa.RecordBatch]) -> Batches:
    """Split batches that exceed ROWS rows or BYTES bytes."""
    for batch in batches:
        size = max(1, min(ROWS, BYTES * len(batch) // max(1, batch.nbytes)))
        for start in range(0, len(batch), size):
            yield batch.slice(start, size)


def read_whole(table: pa.Table) -> Callable[[Sequence[str]], Batches]:
    """Return a `Table.read` of a table in memory."""

    def read(wanted: Sequence[str]) -> Batches:
        yield from table.select(list(wanted)).combine_chunks().to_batches()

    return read


def build_table(columns: Mapping[str, list[Any]]) -> pa.Table:
    """Return a table of columns; `is_mixed` tells those in which lists or objects stand beside
    other values, which are text there as Python writes them."""
    arrays, fields = [], []
    for name, values in columns.items():
        array = build_column(values)
        is_nested = any(isinstance(value, dict | list) for value in values)
        mark = MIXED if is_nested and pa.types.is_string(array.type) else None
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=mark))
    return pa.table(arrays, schema=pa.schema(fields))


def build_column(values: list[Any]) -> pa.Array:
    """Return a column of the values, as text if they have several types."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # the latter of a large integer
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def replace_columns(batch: pa.RecordBatch, columns: Sequence[pa.Array]) -> pa.RecordBatch:
    """Return a batch of other columns under the same names, with their marks."""
    fields = [
        pa.field(field.name, column.type, metadata=field.metadata)
        for field, column in zip(batch.schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(list(columns), schema=pa.schema(fields))


def is_mixed(field: pa.Field) -> bool:
    """Return whether some cells of a column were lists or objects; see `build_table`."""
    return (field.metadata or {}).items() >= MIXED.items()
