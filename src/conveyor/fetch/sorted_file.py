"""Writes rows in an order that depends on nothing but the rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conveyor.data.arrow import to_text
from conveyor.data.database import Database
from conveyor.progress import progress_bar

ROW_GROUP = 1 << 13  # rows that are in memory at a time


def write_sorted(
    database: Database, table: str, path: Path, expected: int | None
) -> tuple[int, int]:
    """Write the rows of a table or subquery into a Parquet file.

    They are sorted by their columns from left to right, so equal rows give equal bytes in whatever
    order they come. Types that Parquet does not have become text.

    Args:
        expected: about the number of rows; None where it is not known.

    Returns:
        The number of rows, and of columns.
    """
    types = {
        field.name: pa.string() if _has_no_parquet_type(field.type) else field.type
        for field in database.sql(f"FROM {table} LIMIT 0").to_arrow_table().schema
    }
    schema, keys = pa.schema(types), []
    for name, kind in types.items():
        column = '"{}"'.format(name.replace('"', '""'))
        # 0.0 and -0.0 are equal, and would come in any order.
        keys += [column, f"signbit({column})"] if pa.types.is_floating(kind) else [column]
    rows = 0
    with (
        pq.ParquetWriter(path, schema) as writer,
        progress_bar("sorting", " rows", expected) as bar,
    ):
        reader = database.sql(f"FROM {table} ORDER BY {', '.join(keys)}").to_arrow_reader(ROW_GROUP)
        for group in _regroup(reader):
            columns = [
                to_text(column) if kind == pa.string() else column
                for column, kind in zip(group.columns, schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            rows += len(group)
            bar.update(len(group))
    return rows, len(types)


def _regroup(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join and split batches, so that the groups of a file depend on its rows alone."""
    rest: list[pa.RecordBatch] = []
    for batch in batches:
        rest.append(batch)
        while sum(map(len, rest)) >= ROW_GROUP:
            joined = pa.concat_batches(rest)
            yield joined[:ROW_GROUP]
            rest = [joined[ROW_GROUP:]]
    if any(map(len, rest)):
        yield pa.concat_batches(rest)


def _has_no_parquet_type(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) or pa.types.is_interval(kind)
