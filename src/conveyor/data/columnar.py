"""Reads Parquet and Arrow files with Arrow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conveyor.config.source import Source
from conveyor.data.compression import MAGIC
from conveyor.data.table import BYTES, ROWS, Batches, Table, check_header
from conveyor.errors import DataError


def open_parquet(source: Source, path: Path) -> Table:
    refuse_compression(source, path)
    schema = pq.read_schema(path)

    def read(wanted: Sequence[str]) -> Batches:
        # With pre_buffer, Arrow holds all bytes that it has read until the end of the file.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
            row = sum(g.total_byte_size for g in groups) // max(1, file.metadata.num_rows)
            size = max(1, min(ROWS, BYTES // max(1, row)))
            for batch in file.iter_batches(size, columns=list(wanted)):
                batch.validate(full=True)  # text may be no UTF-8
                yield batch

    return Table(check_header(schema.names, path), read, value_names(schema))


def open_arrow(source: Source, path: Path) -> Table:
    refuse_compression(source, path)
    schema, _ = _open_arrow(path)

    def read(wanted: Sequence[str]) -> Batches:
        for batch in _open_arrow(path)[1]:
            batch.validate(full=True)
            yield batch.select(list(wanted))

    return Table(check_header(schema.names, path), read, value_names(schema))


def refuse_compression(source: Source, path: Path) -> None:
    """Raise a DataError if a file of a binary format is compressed once more."""
    with path.open("rb") as file:
        start = file.read(8)
    actual = [name for name, magic in MAGIC.items() if name != "zip" and start.startswith(magic)]
    if source.compression not in ("auto", "none") or actual:
        raise DataError(
            f"{path}: expected a {source.format} file as it is; got compression "
            f"{actual[0] if actual else source.compression}. Unpack it, and set "
            "dataset.source.compression to auto."
        )


def value_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of numbers that `datasets` stores in the schema of a file, by column."""
    metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = (metadata.get("info") or {}).get("features") or {}
    names = {name: _names(feature) for name, feature in features.items()}
    return {name: values for name, values in names.items() if values}


def _names(feature: Any) -> list[str] | None:
    """Return the names of a class, or of a list of classes."""
    while isinstance(feature, Mapping):
        if feature.get("_type") == "ClassLabel":
            return feature.get("names")
        feature = feature.get("feature")
    return None


def _open_arrow(path: Path) -> tuple[pa.Schema, Batches]:
    file = pa.OSFile(str(path))
    try:
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    except pa.ArrowInvalid:
        reader = pa.ipc.open_file(file)
        return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))
