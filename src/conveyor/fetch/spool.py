"""Rows of a query on disk, until all of them are there and the type of each column is known."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa


class Spool:
    """Batches whose columns have equal names, but not always equal types.

    A database driver returns Python values, so each batch infers its types: a column without a
    value in one batch may be text in the next, and whole numbers may be followed by fractions.

    Args:
        folder: where the files lie; whoever made it removes them.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, list(names)
        self._schemas: list[pa.Schema] = []  # one a file
        self._writer: Any = None
        self.rows = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows: values in the order of the names."""
        columns = [to_array(values) for values in zip(*rows, strict=True)]
        batch = pa.record_batch(columns, names=self._names)
        if not self._schemas or batch.schema != self._schemas[-1]:
            self.close()
            self._writer = pa.ipc.new_stream(self._path(len(self._schemas)), batch.schema)
            self._schemas.append(batch.schema)
        self._writer.write_batch(batch)
        self.rows += len(rows)

    def close(self) -> None:
        """Finish the file that is being written; call it before `read`."""
        if self._writer is not None:
            self._writer.close()

    @property
    def schema(self) -> pa.Schema:
        """The type of each column that holds the values of all batches."""
        pairs = [(name, self._type_of(name)) for name in self._names]
        return pa.schema(pairs)

    def read(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows in their order, with the types of `schema`."""
        schema = self.schema
        for number in range(len(self._schemas)):
            # A file that is mapped, as Arrow does by default, would stay in memory.
            with pa.OSFile(self._path(number)) as file, pa.ipc.open_stream(file) as reader:
                for batch in reader:
                    columns = [_convert(batch.column(field.name), field.type) for field in schema]
                    yield pa.record_batch(columns, schema=schema)

    def _path(self, number: int) -> str:
        return str(self._folder / f"{number}.arrow")

    def _type_of(self, name: str) -> pa.DataType:
        types = {schema.field(name).type for schema in self._schemas}
        try:
            pieces = [pa.schema({name: kind}) for kind in types]
            merged = pa.unify_schemas(pieces, promote_options="permissive").field(name).type
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.string()
        return pa.string() if pa.types.is_null(merged) else merged


def to_array(values: Sequence[Any]) -> pa.Array:
    """Convert the values of a column, with times in UTC.

    Mappings, and lists whose elements have several types, become JSON. Other values of several
    types, or of a type that Arrow does not have, become text as by `str`.
    """
    if any(isinstance(value, dict) for value in values):
        return _as_text(values)
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _as_text(values)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return column.cast(pa.timestamp(column.type.unit, "UTC"))
    return _as_text(values) if isinstance(column, pa.ExtensionArray) else column


def _convert(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind) and not pa.types.is_string(column.type):
        return _as_text(column.to_pylist())
    return column.cast(kind)


def _as_text(values: Sequence[Any]) -> pa.Array:
    texts = [
        json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        if isinstance(value, list | dict)
        else None if value is None else str(value)
        for value in values
    ]  # fmt: skip
    return pa.array(texts, pa.string())
