"""Finds the delimiter of a table in a text file."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from conveyor.config.source import Dialect, Source
from conveyor.data.table import TITLE
from conveyor.errors import DataError

CANDIDATES = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # ASCII's unit separator, which no text has: each line is one field
ROWS = 1000  # that decide
MIN_SHARE = 0.5  # of rows that must have as many fields as the header
# What Excel writes before the header, to name the delimiter.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
CHANGE = "Set dataset.source.delimiter, and dataset.source.quote to null if quotes are text."


def take_separator(lines: list[str]) -> str | None:
    """Remove a first line that names the delimiter, and return the delimiter; None without it."""
    match = SEPARATOR_LINE.fullmatch(lines[0].rstrip("\r\n")) if lines else None
    if match is None:
        return None
    del lines[0]
    return match[1]


def split_fields(lines: Iterable[str], delimiter: str, dialect: Dialect) -> Iterator[list[str]]:
    """Split each line, or several where a quoted field spans them; blank lines have no fields."""
    csv.field_size_limit(2**31 - 1)
    return csv.reader(
        lines, delimiter=delimiter, quotechar=dialect.quote or '"', escapechar=dialect.escape,
        quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
    )  # fmt: skip


def check_quotes(
    path: Path,
    lines: Iterable[str],
    delimiter: str,
    dialect: Dialect,
    *,
    first_line: int = 1,
    is_whole: bool = True,
) -> None:
    """Raise a DataError where a quoted field does not end before a delimiter or the end of a line.

    Args:
        first_line: number in the file of the first one of `lines`.
        is_whole: do the lines end with the file, so that the last field is closed.
    """
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(
        lines, delimiter=delimiter, quotechar=dialect.quote, escapechar=dialect.escape, strict=True
    )
    try:
        for _ in rows:
            pass
    except csv.Error as error:
        if is_whole or "end of data" not in str(error):
            raise DataError(
                f"{path}, line {first_line + rows.line_num - 1}: expected quoted fields that end "
                f"with {dialect.quote} before a delimiter; got: {error}. Change the row, or set "
                "dataset.source.quote to null if quotes are text, or dataset.source.escape to "
                "'\\' if a backslash stands before such marks."
            ) from None


def find_delimiter(
    path: Path, lines: Sequence[str], source: Source, *, is_whole: bool = True
) -> str:
    """Return the delimiter at which most rows have as many fields as the header.

    Args:
        lines: the first ones of the file.
        is_whole: do they end with the file; else the last row may lack fields.

    Raises:
        DataError: no delimiter splits at least half of the rows like the header, or two split
            equally many; of these, a comma that is the decimal sign is none.
    """
    widths = {}  # delimiter -> fields of the header, and of each row
    for delimiter in CANDIDATES:
        rows = list(islice(split_fields(lines, delimiter, source), ROWS))
        if not is_whole and 1 < len(rows) < ROWS:
            del rows[-1]
        counts = [len(row) for row in rows if row]
        header = len(source.header) if source.header else counts.pop(0) if counts else 0
        if header > 1:
            widths[delimiter] = header, counts
    if not widths:
        return ONE_COLUMN
    shares = {
        d: counts.count(header) / max(1, len(counts)) for d, (header, counts) in widths.items()
    }
    best = max(shares.values())
    fitting = [delimiter for delimiter, share in shares.items() if share == best]
    if best < MIN_SHARE and any(counts for _, counts in widths.values()):
        header, counts = widths[fitting[0]]
        row = next(row for row, count in enumerate(counts) if count != header)
        raise DataError(
            f"{path}: expected rows of as many fields as the header, delimited by one of "
            f"{_list(CANDIDATES)}; got {header} fields in the header and {counts[row]} in row "
            f"{row + 1} with {fitting[0]!r}. {CHANGE} {TITLE}"
        )
    if source.decimal in fitting and len(fitting) > 1:
        fitting.remove(source.decimal)
    if len(fitting) > 1:
        raise DataError(
            f"{path}: expected one delimiter that fits the rows; got {_list(fitting)}, which fit "
            f"equally well. {CHANGE}"
        )
    return fitting[0]


def _list(delimiters: Iterable[str]) -> str:
    return ", ".join(map(repr, delimiters))
