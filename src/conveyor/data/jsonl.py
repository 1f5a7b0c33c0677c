"""Reads JSON and JSON lines with Arrow."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from conveyor.config.source import Source
from conveyor.data.table import Batches, Table, build_column, read_whole
from conveyor.data.text_file import TextFile, open_text_file
from conveyor.errors import DataError

CHUNK = 10 << 20  # bytes; each chunk infers the types of its columns


def open_jsonl(source: Source, path: Path) -> Table:
    """Open a file of an object a line.

    Its columns are the keys of the first chunk; a key that an object does not have is null.
    """
    file = open_text_file(source, path)
    first = next(_read_lines(file), None)

    def read(wanted: Sequence[str]) -> Batches:
        for table in _read_lines(file):
            for name in wanted:
                if name not in table.column_names:
                    table = table.append_column(name, pa.nulls(len(table)))
            yield from read_whole(table)(wanted)

    return Table(first.column_names if first else [], read, dialect=file.dialect)


def open_json(source: Source, path: Path) -> Table:
    """Open an array of objects, or an object of columns; it is read as a whole.

    A column is an array, or an object of numbered cells, as pandas writes it.

    Raises:
        DataError: it is something else.
    """
    file = open_text_file(source, path)
    with file.open_text() as text:
        try:
            value = json.load(text)
        except json.JSONDecodeError as error:
            lines = error.msg == "Extra data"
            advice = "Set dataset.source.format to jsonl." if lines else "Change the file."
            raise DataError(f"{path}: expected one JSON value; got {error}. {advice}") from None
    try:
        table = _build_table(value) if isinstance(value, list) else _build_columns(value)
    except ValueError as error:
        raise DataError(
            f"{path}: expected an array of objects, or an object of columns of equal length; got "
            f"{error}. Change the file, or dataset.source.format."
        ) from None
    return Table(table.column_names, read_whole(table), dialect=file.dialect)


def _build_columns(value: Any) -> pa.Table:
    """Raises: ValueError: `value` is no object of columns."""
    if not isinstance(value, Mapping):
        raise ValueError(f"a value of type {type(value).__name__}")
    columns = {n: list(v.values()) if isinstance(v, Mapping) else v for n, v in value.items()}
    if not columns or not all(isinstance(column, list) for column in columns.values()):
        raise ValueError(f"the keys {list(value)[:5]}")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of lengths {lengths}")
    return pa.table({name: build_column(column) for name, column in columns.items()})


def _read_lines(file: TextFile) -> Iterator[pa.Table]:
    try:
        with file.open_utf8() as stream:
            while chunk := stream.read(CHUNK):
                if chunk.startswith(b"["):  # one array of objects
                    yield _build_table(json.loads(chunk + stream.read()))
                    return
                yield _parse(chunk + stream.readline())
    except UnicodeError as error:
        raise file.refuse(error) from None


def _parse(chunk: bytes) -> pa.Table:
    options = pa.json.ReadOptions(block_size=len(chunk) + 1)
    try:
        table = pa.json.read_json(io.BytesIO(chunk), options)
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if times:  # Arrow converts text that looks like times; read it again as text
            schema = pa.schema(dict.fromkeys(times, pa.string()))
            as_text = pa.json.ParseOptions(explicit_schema=schema)
            text_table = pa.json.read_json(io.BytesIO(chunk), options, as_text)
            return text_table.select(table.column_names)
        return table
    except pa.ArrowInvalid as error:
        try:  # a column may hold several types
            return _build_table([json.loads(line) for line in chunk.splitlines() if line.strip()])
        except (ValueError, AttributeError):
            raise error from None


def _build_table(rows: list[dict[str, Any]]) -> pa.Table:
    other = next((row for row in rows if not isinstance(row, Mapping)), None)
    if other is not None:
        raise ValueError(f"a row that is no object: {str(other)[:40]!r}")
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: build_column([row.get(name) for row in rows]) for name in names})
