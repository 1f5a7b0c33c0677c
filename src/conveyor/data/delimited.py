"""Reads tables of delimited text, such as CSV, with Arrow."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from conveyor.config.source import Dialect, Source
from conveyor.data.delimiter import (
    CHANGE,
    ONE_COLUMN,
    check_quotes,
    find_delimiter,
    split_fields,
    take_separator,
)
from conveyor.data.null_marks import MARK, clear_marks, mark_nulls
from conveyor.data.table import Batches, Table, check_header
from conveyor.data.text_file import TextFile, open_text_file
from conveyor.errors import DataError

# Bytes read at a time. Arrow reads up to 32 blocks ahead, so they are small; but a block must not
# end within the row in which it starts. Then the next size is tried. The last limits the row size.
BLOCKS = (512 << 10, 4 << 20)
JSON = re.compile(r'\s*(\[\s*)?\{\s*"')  # how an object begins, or an array of them
SAMPLE = 1 << 18  # characters that decide on the delimiter, and more up to the end of the line


def open_csv(source: Source, path: Path) -> Table:
    """Open a file of `source.delimiter`.

    All columns are text, so that "007", "NA" and "null" do not change. Blank lines are skipped.
    Fields missing at the end of a row are empty, as in pandas; the dialect counts such rows.
    With `source.escape`, a field of this character and N is null, as in MySQL.

    Raises:
        DataError: there is no header, or no delimiter fits; while it is read: a row has more fields
            than the header, a quotation mark is not closed, or the text is in another encoding.
    """
    return _open(source, path, source.delimiter)


def open_tsv(source: Source, path: Path) -> Table:
    """Open a file whose delimiter is a tab, if `source.delimiter` is auto."""
    return _open(source, path, "\t" if source.delimiter == "auto" else source.delimiter)


def _open(source: Source, path: Path, delimiter: str) -> Table:
    text_file = open_text_file(source, path)
    with text_file.open_text(newline="") as text:
        lines = list(io.StringIO(text.read(SAMPLE) + text.readline(), newline=""))
        is_whole = not text.read(1)
    separator = take_separator(lines)
    if separator is not None and delimiter == "auto":
        delimiter = separator
    first_line = 1 if separator is None else 2
    if lines and JSON.match(lines[0]):
        raise DataError(
            f"{path}: expected delimited text; got JSON: {lines[0][:40]!r}. Set "
            "dataset.source.format to json, or to jsonl if each line is an object."
        )
    if delimiter == "auto":
        delimiter = find_delimiter(path, lines, source, is_whole=is_whole)
    if source.quote is not None:
        check_quotes(path, lines, delimiter, source, first_line=first_line, is_whole=is_whole)
    dialect: dict[str, Any] = {"delimiter": None if delimiter == ONE_COLUMN else delimiter}
    dialect |= text_file.dialect
    names = source.header
    if not names:
        names = check_header(next(split_fields(lines, delimiter, source), []), path)
    header_lines = first_line - (1 if source.header else 0)
    file = _DelimitedFile(text_file, names, header_lines, delimiter, source)
    return Table(names, lambda wanted: file.read(wanted, dialect), dialect=dialect)


@dataclass(frozen=True)
class _DelimitedFile:
    file: TextFile
    names: Sequence[str]
    header_lines: int
    delimiter: str
    marks: Dialect

    def read(self, wanted: Sequence[str], dialect: dict[str, Any]) -> Batches:
        done = filled = 0  # rows
        for block in BLOCKS:
            skip, filled = done, 0
            reading = _Reading(self, block)
            try:
                for batch in reading.read(wanted):
                    rows = batch[min(skip, len(batch)) :]
                    skip -= len(batch) - len(rows)
                    done += len(rows)
                    yield clear_marks(rows) if self.marks.escape else rows
                filled = reading.filled
                break
            except UnicodeError as error:
                raise self.file.refuse(error) from None
            except pa.ArrowInvalid as error:
                if reading.long_row is not None:
                    raise self._refuse_row(reading) from None
                if "UTF8" in str(error):
                    raise self._refuse_encoding(error) from None
                if block == BLOCKS[-1]:
                    raise self._refuse_quotes(str(error)) from None
        if self.marks.quote is not None and done + self.header_lines < self.file.lines:
            # A field spans lines, perhaps by a mark that is not closed: Arrow reads on to the next
            # one, or to the end of the file.
            with self.file.open_text(newline="") as text:
                check_quotes(self.file.path, text, self.delimiter, self.marks)
        if filled:
            dialect["short_rows"] = filled

    def _refuse_row(self, reading: "_Reading") -> DataError:
        row = reading.long_row
        assert row is not None
        number = row.number - self.header_lines - reading.blank
        text = row.text.replace(MARK, f"{self.marks.escape}N")
        return DataError(
            f"{self.file.path}, row {number}: expected {row.expected_columns} fields, delimited by "
            f"{self.delimiter!r}; got {row.actual_columns}: {text[:60]!r}. Change the row. "
            f"Or s{CHANGE[1:]}"
        )

    def _refuse_encoding(self, error: Exception) -> DataError:
        return DataError(
            f"{self.file.path}: expected text in {self.file.encoding}; got {error}. Set "
            "dataset.source.encoding to auto, or to the file's encoding."
        )

    def _refuse_quotes(self, problem: str) -> DataError:
        return DataError(
            f"{self.file.path}: expected rows of less than {BLOCKS[-1] >> 20} MiB, whose quoted "
            f"fields are closed; got {problem}. Change the file, or set dataset.source.quote to "
            "null if quotes are text."
        )


@dataclass
class _Reading:
    """One pass over a file.

    Attributes:
        long_row: a row of more fields than the header.
        filled: rows of fewer fields.
        blank: lines of white space.
    """

    file: _DelimitedFile
    block: int
    long_row: pa.csv.InvalidRow | None = None
    filled: int = 0
    blank: int = 0
    short: list[pa.csv.InvalidRow] = field(default_factory=list)

    def read(self, wanted: Sequence[str]) -> Batches:
        names, marks, short = self.file.names, self.file.marks, self.short
        quote = marks.quote
        stream = self.file.file.open_utf8()
        reader = pa.csv.open_csv(
            mark_nulls(stream, marks.escape) if marks.escape else stream,
            pa.csv.ReadOptions(
                use_threads=False, block_size=self.block, column_names=list(names),
                skip_rows_after_names=self.file.header_lines,
            ),
            pa.csv.ParseOptions(
                delimiter=self.file.delimiter, quote_char=quote or False,
                double_quote=quote is not None, escape_char=marks.escape or False,
                newlines_in_values=quote is not None,
                invalid_row_handler=self._handle_invalid,
            ),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=list(wanted),
                strings_can_be_null=False,
            ),
        )  # fmt: skip
        number = 1 + self.file.header_lines  # of the next row, as Arrow counts them
        for batch in reader:
            # Arrow reads ahead, so some of the short rows may come after this batch.
            offset = 0
            while short and short[0].number - number <= len(batch) - offset:
                row = short.pop(0)
                yield batch.slice(offset, row.number - number)
                offset += row.number - number
                number = row.number + 1
                yield from self._fill_row(row, batch.schema)
            yield batch.slice(offset)
            number += len(batch) - offset
        for row in short:
            yield from self._fill_row(row, reader.schema)

    def _handle_invalid(self, row: pa.csv.InvalidRow) -> str:
        if row.actual_columns > row.expected_columns:
            self.long_row = row
            return "error"
        self.short.append(row)
        self.blank += not row.text.strip()
        return "skip"

    def _fill_row(self, row: Any, schema: pa.Schema) -> Batches:
        """Yield a short row with empty cells at its end; nothing for a blank line."""
        if row.text.strip():
            file = self.file
            fields = next(split_fields([row.text], file.delimiter, file.marks))
            cells = dict(zip(file.names, [*fields, *[""] * len(file.names)], strict=False))
            self.filled += 1
            yield pa.RecordBatch.from_pylist([cells], schema=schema)
