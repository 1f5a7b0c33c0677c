"""The attribute-relation file format of Weka.

Lines of `@attribute NAME TYPE` up to `@data`, then a row a line. SciPy reads no strings, and
liac-arff no relational attributes. Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.arrow import SERIES
from conveyor.data.table import Batches, Table, check_header
from conveyor.data.text_file import open_text_file
from conveyor.errors import DataError

BATCH = 500  # rows
QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
ATTRIBUTE = re.compile(rf"@attribute\s+({QUOTED}|[^\s]+)\s+(.+)", re.IGNORECASE)
CELL = re.compile(rf"\s*({QUOTED}|[^,]*?)\s*(,|$)")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
NUMBERS = ("numeric", "real", "integer")


@dataclass
class Attribute:
    """A column.

    Attributes:
        kind: of its cells: numeric, text, or relational.
        inner: attributes of a relational one.
    """

    name: str
    kind: str
    inner: list["Attribute"] = field(default_factory=list)

    @property
    def type(self) -> pa.DataType:
        return {"numeric": pa.float64(), "text": pa.string(), "relational": SERIES}[self.kind]


def open_arff(source: Source, path: Path) -> Table:
    """Open an ARFF file.

    A numeric attribute becomes a column of float64, a relational one, whose attributes are
    numeric, a column of series: a list of its rows, each a list of numbers. All others are text.
    `?` is null.

    Raises:
        DataError: the header cannot be read; while it is read: a row cannot be.
    """
    file = open_text_file(source, path)
    with file.open_text() as lines:
        attributes = _read_header(lines, path)[0]
    names = check_header([attribute.name for attribute in attributes], path)
    schema = pa.schema({attribute.name: attribute.type for attribute in attributes})

    def read(wanted: Sequence[str]) -> Batches:
        with file.open_text() as lines:
            _, number = _read_header(lines, path)
            rows = _read_rows(lines, attributes, path, number)
            while batch := list(islice(rows, BATCH)):
                columns = dict(zip(names, zip(*batch, strict=True), strict=True))
                arrays = [pa.array(columns[name], schema.field(name).type) for name in wanted]
                yield pa.RecordBatch.from_arrays(arrays, names=list(wanted))

    return Table(names, read, dialect=file.dialect)


def _read_header(lines: Iterable[str], path: Path) -> tuple[list[Attribute], int]:
    """Return the attributes, and the number of the line @data."""
    attributes: list[Attribute] = []
    outer: list[Attribute] | None = None  # those beside the relational one that is being read
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("%") or text.lower().startswith("@relation"):
            continue
        match = ATTRIBUTE.match(text)
        if text.lower() == "@data":
            return attributes, number
        if match is not None:
            attributes.append(Attribute(_unquote(match[1]), _kind(match[2])))
            if attributes[-1].kind == "relational":
                outer, attributes = attributes, attributes[-1].inner
        elif text.lower().startswith("@end") and outer is not None:
            outer, attributes = None, outer
        else:
            raise DataError(
                f"{path}, line {number}: expected @attribute NAME TYPE or @data; got "
                f"{text[:40]!r}. Change the line, or dataset.source.format."
            )
    raise DataError(
        f"{path}: expected a line @data; got none. Add it, or change dataset.source.format."
    )


def _kind(text: str) -> str:
    kind = text.lower().split()[0]
    if kind == "relational":
        return kind
    return "numeric" if kind in NUMBERS else "text"


def _read_rows(
    lines: Iterable[str], attributes: Sequence[Attribute], path: Path, number: int
) -> Iterator[list[Any]]:
    for line_number, line in enumerate(lines, start=number + 1):
        text = line.strip()
        if text and not text.startswith("%"):
            try:
                yield _read_row(text, attributes)
            except ValueError as error:
                raise DataError(
                    f"{path}, line {line_number}: expected a value of each of {len(attributes)} "
                    f"attributes; got {error}. Change the line."
                ) from None


def _read_row(text: str, attributes: Sequence[Attribute]) -> list[Any]:
    if text.startswith("{"):
        raise ValueError("a sparse row")
    cells = _split(text)
    if len(cells) != len(attributes):
        raise ValueError(f"{len(cells)} values: {text[:40]!r}")
    return [_convert(cell, attribute) for cell, attribute in zip(cells, attributes, strict=True)]


def _split(text: str) -> list[str]:
    cells, position = [], 0
    while True:
        match = CELL.match(text, position)
        if match is None:
            raise ValueError(f"a quotation mark that is not closed: {text[position:][:40]!r}")
        cells.append(match[1])
        if not match[2]:
            return cells
        position = match.end()


def _convert(cell: str, attribute: Attribute) -> Any:
    if cell == "?":
        return None
    if attribute.kind == "numeric":
        return float(cell)
    if attribute.kind == "text":
        return _unquote(cell)
    return [_read_row(row, attribute.inner) for row in _unquote(cell).split("\n") if row.strip()]


def _unquote(text: str) -> str:
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return text
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[1]), text[1:-1])
