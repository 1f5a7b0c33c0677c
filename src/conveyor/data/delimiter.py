"""Finds the delimiter of a table in a text file."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from conveyor.errors import DataError

CANDIDATES = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # ASCII's unit separator, which no text has: each line is one field
ROWS = 1000  # that decide
MIN_SHARE = 0.5  # of rows that must have as many fields as the header
CHANGE = "Set dataset.source.delimiter, and dataset.source.quote to null if quotes are text."


def split_fields(lines: Iterable[str], delimiter: str, quote: str | None) -> Iterator[list[str]]:
    """Split each line, or several where a quoted field spans them; blank lines have no fields."""
    csv.field_size_limit(2**31 - 1)
    quoting = csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL
    return csv.reader(lines, delimiter=delimiter, quotechar=quote or '"', quoting=quoting)


def find_delimiter(
    path: Path, lines: Sequence[str], header: Sequence[str] | None, quote: str | None
) -> str:
    """Return the delimiter at which most rows have as many fields as the header.

    Args:
        lines: the first ones of the file, whole.
        header: names of the columns, if the lines have none.

    Raises:
        DataError: no delimiter splits at least half of the rows like the header, or two split
            equally many.
    """
    widths = {}  # delimiter -> fields of the header, then of each row that the lines have
    for delimiter in CANDIDATES:
        rows = [row for row in islice(split_fields(lines, delimiter, quote), ROWS) if row]
        counts = [len(row) for row in (rows if header is None else [header, *rows])]
        if counts and counts[0] > 1:
            widths[delimiter] = counts
    if not widths:
        return ONE_COLUMN
    shares = {d: counts.count(counts[0]) / len(counts) for d, counts in widths.items()}
    best = max(shares.values())
    fitting = [delimiter for delimiter, share in shares.items() if share == best]
    if best < MIN_SHARE:
        width = widths[fitting[0]][0]
        row = next(row for row, count in enumerate(widths[fitting[0]]) if count != width)
        raise DataError(
            f"{path}: expected rows of as many fields as the header, delimited by one of "
            f"{_list(CANDIDATES)}; got {width} fields in the header and {widths[fitting[0]][row]} "
            f"in row {row} with {fitting[0]!r}. {CHANGE}"
        )
    if len(fitting) > 1:
        raise DataError(
            f"{path}: expected one delimiter that fits the rows; got {_list(fitting)}, which fit "
            f"equally well. {CHANGE}"
        )
    return fitting[0]


def _list(delimiters: Iterable[str]) -> str:
    return ", ".join(map(repr, delimiters))
