"""Reads comma- and tab-separated files with Arrow."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from conveyor.config.dataset import Source
from conveyor.data.columnar import Batches, Columns
from conveyor.errors import DataError

DELIMITER = {"csv": ",", "tsv": "\t"}
# Bytes read at a time. Arrow reads up to 32 blocks ahead, so they are small; but a block must not
# end within the row in which it starts. Then the next size is tried. The last limits the row size.
BLOCKS = (512 << 10, 4 << 20)


def delimited_columns(source: Source, path: Path) -> Columns:
    """Return the columns of `source.header`, or else of the first line."""
    if source.header:
        return source.header, {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(_parse(source, file), [])
    if not names:
        raise DataError(
            f"{path}: expected a header line; got an empty file. Change dataset.source.files."
        )
    if len(set(names)) != len(names):
        raise DataError(
            f"{path}: expected a header of distinct columns; got {names}. Rename a column."
        )
    return names, {}


def read_delimited(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str]
) -> Batches:
    """Yield batches of the wanted columns as text, so that "007", "NA" and "null" do not change.

    Fields missing at the end of a row are empty, and blank lines are skipped, as in pandas.

    Raises:
        ArrowInvalid: a row has more fields than the header, or the file is not UTF-8.
    """
    done = 0  # rows
    for block in BLOCKS:
        skip = done
        try:
            for batch in _read(source, path, names, wanted, block):
                rows = batch[min(skip, len(batch)) :]
                skip -= len(batch) - len(rows)
                done += len(rows)
                yield rows
            return
        except pa.ArrowInvalid:
            if block == BLOCKS[-1]:
                raise


def _read(
    source: Source, path: Path, names: Sequence[str], wanted: Sequence[str], block: int
) -> Batches:
    short: list[pa.csv.InvalidRow] = []

    def handle_invalid(row: pa.csv.InvalidRow) -> str:
        if row.actual_columns > row.expected_columns:
            return "error"
        short.append(row)
        return "skip"

    header_lines = 0 if source.header else 1
    reader = pa.csv.open_csv(
        path,
        pa.csv.ReadOptions(
            use_threads=False, block_size=block, column_names=list(names),
            skip_rows_after_names=header_lines,
        ),
        pa.csv.ParseOptions(
            delimiter=DELIMITER[source.format], quote_char='"' if source.quoted else False,
            double_quote=source.quoted, newlines_in_values=source.quoted,
            invalid_row_handler=handle_invalid,
        ),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=list(wanted),
            strings_can_be_null=False,
        ),
    )  # fmt: skip
    number = 1 + header_lines  # of the next row, as Arrow counts them
    for batch in reader:
        # Arrow reads ahead, so some of the short rows may come after this batch.
        offset = 0
        while short and short[0].number - number <= len(batch) - offset:
            row = short.pop(0)
            yield batch.slice(offset, row.number - number)
            offset += row.number - number
            number = row.number + 1
            yield from _fill_row(source, row, names, batch.schema)
        yield batch.slice(offset)
        number += len(batch) - offset
    for row in short:
        yield from _fill_row(source, row, names, reader.schema)


def _fill_row(source: Source, row: Any, names: Sequence[str], schema: pa.Schema) -> Batches:
    """Yield a short row with empty cells at its end; nothing for a blank line."""
    if row.text.strip():
        fields = next(_parse(source, [row.text]))
        cells = dict(zip(names, [*fields, *[""] * len(names)], strict=False))
        yield pa.RecordBatch.from_pylist([cells], schema=schema)


def _parse(source: Source, lines: Iterable[str]) -> Iterator[list[str]]:
    quoting = csv.QUOTE_MINIMAL if source.quoted else csv.QUOTE_NONE
    delimiter = DELIMITER[source.format]
    return csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
