"""Reads JSON and JSON lines with Arrow."""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from conveyor.config.source import Source
from conveyor.data.table import Batches, Table, build_table, read_whole
from conveyor.data.text_file import TextFile, open_text_file
from conveyor.errors import DataError

CHUNK = 10 << 20  # bytes or characters; each chunk infers the types of its columns
START = 1 << 12  # characters, in which an array begins
GAP = re.compile(r"[\s,]*")  # between the objects of an array


def open_jsonl(source: Source, path: Path) -> Table:
    """Open a file of an object a line, or of one array of objects.

    Its columns are the keys of the first chunk; a key that an object does not have is null.
    """
    file = open_text_file(source, path)
    return _open_chunks(file, lambda: _read_array(file) if _is_array(file) else _read_lines(file))


def open_json(source: Source, path: Path) -> Table:
    """Open an array of objects, read in chunks, or an object of columns, read as a whole.

    A column is an array, or an object of numbered cells, as pandas writes it.

    Raises:
        DataError: it is something else.
    """
    file = open_text_file(source, path)
    if _is_array(file):
        return _open_chunks(file, lambda: _read_array(file))
    with file.open_text() as text, _refusing(path):
        table = _build_columns(json.load(text))
    return Table(table.column_names, read_whole(table), dialect=file.dialect)


def _open_chunks(file: TextFile, read_tables: Callable[[], Iterator[pa.Table]]) -> Table:
    first = next(read_tables(), None)
    if first is None:
        raise DataError(f"{file.path}: expected objects; got none. Change dataset.source.files.")

    def read(wanted: Sequence[str]) -> Batches:
        for table in read_tables():
            for name in wanted:
                if name not in table.column_names:
                    table = table.append_column(name, pa.nulls(len(table)))
            yield from read_whole(table)(wanted)

    return Table(first.column_names, read, dialect=file.dialect)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn errors of JSON into a DataError that says what to change."""
    try:
        yield
    except UnicodeError:
        raise
    except ValueError as error:
        lines = getattr(error, "msg", "") == "Extra data"
        advice = "dataset.source.format to jsonl" if lines else "or dataset.source.format"
        raise DataError(
            f"{path}: expected an array of objects, or an object of columns of equal length; got "
            f"{error}. {'Set' if lines else 'Change the file,'} {advice}."
        ) from None


def _is_array(file: TextFile) -> bool:
    with file.open_text() as text:
        return text.read(START).lstrip().startswith("[")


def _read_array(file: TextFile) -> Iterator[pa.Table]:
    """Yield the objects of one array, a table for each chunk of the file."""
    decode = json.JSONDecoder().raw_decode
    with file.open_text() as text, _refusing(file.path):
        buffer = text.read(CHUNK)
        start, problem = buffer.index("[") + 1, None
        while True:
            rows = []
            try:
                while not buffer.startswith("]", start := _skip_gap(buffer, start)):
                    row, start = decode(buffer, start)
                    rows.append(row)
            except json.JSONDecodeError as error:  # perhaps the chunk ends within an object
                problem = error
            if rows:
                yield _build_table(rows)
            if buffer.startswith("]", start):
                break
            more = text.read(CHUNK)
            if not more and problem is not None:
                raise problem
            buffer, start = buffer[start:] + more, 0
        rest = (buffer[start + 1 :] + text.read(START)).strip()
        if rest:
            raise ValueError(f"more text after the array: {rest[:40]!r}")


def _skip_gap(text: str, start: int) -> int:
    match = GAP.match(text, start)
    assert match is not None  # it matches nothing, too
    return match.end()


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
    return build_table(columns)


def _read_lines(file: TextFile) -> Iterator[pa.Table]:
    try:
        with file.open_utf8() as stream:
            while chunk := stream.read(CHUNK):
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
        except (json.JSONDecodeError, AttributeError):
            raise error from None  # it names the row


def _build_table(rows: list[dict[str, Any]]) -> pa.Table:
    other = next((row for row in rows if not isinstance(row, Mapping)), None)
    if other is not None:
        raise ValueError(f"a row that is no object: {str(other)[:40]!r}")
    names = dict.fromkeys(name for row in rows for name in row)
    return build_table({name: [row.get(name) for row in rows] for name in names})
