"""Comma- and tab-separated files, by Arrow's reader."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.dataset import Source
from conveyor.data.errors import DataError

DELIMITER = {"csv": ",", "tsv": "\t"}
# Bytes read at a time. Arrow keeps up to 32 blocks ready, so they are small, but none may lie
# within one row; where one does, the next size is tried. The last is the longest row there may be.
BLOCKS = (512 << 10, 4 << 20)


def header_of(source: Source, path: Path) -> list[str]:
    """The names in the first line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(_rows(source, file), [])
    if not names:
        raise DataError(f"{path}: no header line; the file is empty")
    if len(set(names)) != len(names):
        raise DataError(f"{path}: a column name stands twice in the header {names}")
    return names


def read_delimited(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The wanted columns as text: "007", "NA" and "null" stay what they are.

    Fields missing at a row's end are empty, and blank lines are no rows, as pandas reads them.

    Raises:
        ArrowInvalid: a row has more fields than the header, or the file is not UTF-8.
    """
    told = 0
    for block in BLOCKS:
        again = told
        try:
            for batch in _read(source, path, names, wanted, block):
                rows = batch[min(again, len(batch)) :]
                again -= len(batch) - len(rows)
                told += len(rows)
                yield rows
            return
        except pa.ArrowInvalid:
            if block == BLOCKS[-1]:
                raise


def _read(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str], block: int
) -> Iterator[pa.RecordBatch]:
    import pyarrow.csv as pc

    short: list[pc.InvalidRow] = []

    def judge(row: pc.InvalidRow) -> str:
        if row.actual_columns > row.expected_columns:
            return "error"
        short.append(row)
        return "skip"

    headed = not source.header
    reader = pc.open_csv(
        path,
        read_options=pc.ReadOptions(
            use_threads=False, block_size=block, column_names=list(names),
            skip_rows_after_names=int(headed),
        ),
        parse_options=pc.ParseOptions(
            delimiter=DELIMITER[source.format], quote_char='"' if source.quoted else False,
            double_quote=source.quoted, newlines_in_values=source.quoted,
            invalid_row_handler=judge,
        ),
        convert_options=pc.ConvertOptions(
            column_types={name: pa.string() for name in names}, include_columns=list(wanted),
            strings_can_be_null=False,
        ),
    )  # fmt: skip
    number = 1 + headed  # of the next row, as Arrow counts them
    for batch in reader:
        # Arrow reads ahead, so that some of the short rows may stand behind this batch.
        at = 0
        while short and short[0].number - number <= len(batch) - at:
            row = short.pop(0)
            yield batch.slice(at, row.number - number)
            at += row.number - number
            number = row.number + 1
            yield from _filled(source, row, names, batch.schema)
        yield batch.slice(at)
        number += len(batch) - at
    for row in short:
        yield from _filled(source, row, names, reader.schema)


def _filled(
    source: Source, row: Any, names: Sequence[str], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    if row.text.strip():
        fields = next(_rows(source, [row.text]))
        cells = dict(zip(names, [*fields, *[""] * len(names)], strict=False))
        yield pa.RecordBatch.from_pylist([cells], schema=schema)


def _rows(source: Source, lines: Any) -> Any:
    quoting = csv.QUOTE_MINIMAL if source.quoted else csv.QUOTE_NONE
    delimiter = DELIMITER[source.format]
    return csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
