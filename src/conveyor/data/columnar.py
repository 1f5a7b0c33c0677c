"""Reads Parquet and Arrow files with Arrow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conveyor.config.dataset import Source

ROWS, BYTES = 1 << 15, 4 << 20  # limits of a batch; a larger row is a batch of its own
Batches = Iterator[pa.RecordBatch]
# The columns of a file, and by column the names of its numbers.
Columns = tuple[Sequence[str], Mapping[str, list[str]]]


def value_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of numbers that `datasets` stores in the schema of a file, by column."""
    metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = (metadata.get("info") or {}).get("features") or {}
    return {
        name: feature["names"]
        for name, feature in features.items()
        if isinstance(feature, dict)
        and feature.get("_type") == "ClassLabel"
        and feature.get("names")
    }


def parquet_columns(source: Source, path: Path) -> Columns:
    schema = pq.read_schema(path)
    return schema.names, value_names(schema)


def read_parquet(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]
) -> Batches:
    # With pre_buffer, Arrow holds all bytes that it has read until the end of the file.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        row = sum(g.total_byte_size for g in groups) // max(1, file.metadata.num_rows)
        size = max(1, min(ROWS, BYTES // max(1, row)))
        yield from file.iter_batches(size, columns=list(wanted))


def _open_arrow(path: Path) -> tuple[pa.Schema, Batches]:
    file = pa.OSFile(str(path))
    try:
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    except pa.ArrowInvalid:
        reader = pa.ipc.open_file(file)
        return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))


def arrow_columns(source: Source, path: Path) -> Columns:
    schema, _ = _open_arrow(path)
    return schema.names, value_names(schema)


def read_arrow(source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]) -> Batches:
    for batch in _open_arrow(path)[1]:
        batch.validate(full=True)
        yield batch.select(list(wanted))
