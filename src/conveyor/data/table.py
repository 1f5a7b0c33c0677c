"""A file as a table: its columns, and its rows as Arrow batches."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.errors import DataError

ROWS, BYTES = 1 << 15, 4 << 20  # limits of a batch; a larger row is a batch of its own
Batches = Iterator[pa.RecordBatch]
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
            f"{path}: expected a header of distinct columns; got {list(names)}. Rename a column, "
            f"or set dataset.source.header if the file has no header line. {TITLE}"
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


def build_column(name: str, values: list[Any]) -> pa.Array:
    """Return a column of the values, as text if they have several types.

    Raises:
        DataError: objects or lists stand beside other values.
    """
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass  # an integer may have more than 64 bits
    present = [value for value in values if value is not None]
    nested = [value for value in present if isinstance(value, dict | list)]
    is_mixed = len(nested) < len(present) or not all(isinstance(value, list) for value in nested)
    if nested and is_mixed:
        other = next((value for value in present if type(value) is not type(nested[0])), None)
        got = f"{_shorten(nested[0])} and {_shorten(other)}" if other is not None else "objects"
        raise DataError(
            f"column {name!r}: expected values of one kind; got {got}. Write texts, numbers or "
            "lists into all rows of a column."
        )
    if nested and not all(map(_has_numbers_only, nested)):
        texts = [value and [json.dumps(item) for item in value] for value in values]
        return pa.array(texts, pa.list_(pa.string()))
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _has_numbers_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_has_numbers_only, value))
    return value is None or isinstance(value, int | float)


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
