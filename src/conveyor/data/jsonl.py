"""Reads JSON lines with Arrow."""

import codecs
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from conveyor.config.dataset import Source
from conveyor.data.columnar import Batches, Columns

CHUNK = 10 << 20  # bytes; each chunk infers the types of its columns


def jsonl_columns(source: Source, path: Path) -> Columns:
    """Return the keys of the first chunk."""
    return next(_tables(path)).column_names, {}


def read_jsonl(source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]) -> Batches:
    """Yield batches of the wanted columns; a key that an object does not have is null."""
    for table in _tables(path):
        for name in wanted:
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(len(table)))
        yield from table.select(list(wanted)).combine_chunks().to_batches()


def _tables(path: Path) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        while chunk := file.read(CHUNK):
            if chunk.startswith(b"["):  # one array of objects
                yield _build_table(json.loads(chunk + file.read()))
                return
            yield _parse(chunk + file.readline())


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
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _build_column([row.get(name) for row in rows]) for name in names})


def _build_column(values: list[Any]) -> pa.Array:
    """Return a column of the values, as text if they have several types."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
