"""JSON lines, by Arrow's reader."""

import codecs
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.dataset import Source

CHUNK = 10 << 20  # bytes whose columns get their types together


def columns_of(source: Source, path: Path) -> list[str]:
    """Names in the first chunk."""
    return next(_tables(path)).column_names


def read_lines(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The wanted columns; a key that an object does not have is null."""
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
                yield _table(json.loads(chunk + file.read()))
                return
            yield _parsed(chunk + file.readline())


def _parsed(chunk: bytes) -> pa.Table:
    import pyarrow.json as pj

    whole = pj.ReadOptions(block_size=len(chunk) + 1)
    try:
        table = pj.read_json(io.BytesIO(chunk), whole)
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if times:  # text that Arrow takes for times; it stays text
            as_text = pj.ParseOptions(explicit_schema=pa.schema(dict.fromkeys(times, pa.string())))
            return pj.read_json(io.BytesIO(chunk), whole, as_text).select(table.column_names)
        return table
    except pa.ArrowInvalid as error:
        try:  # a column of several types
            return _table([json.loads(line) for line in chunk.splitlines() if line.strip()])
        except (ValueError, AttributeError):
            raise error from None


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
