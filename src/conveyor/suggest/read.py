"""Reads a sample of the rows of a source, and finds out what its files do not say."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from conveyor.config.dataset import Source
from conveyor.data.delimiter import CANDIDATES
from conveyor.data.sources import open_source
from conveyor.errors import DataError
from conveyor.suggest.columns import NUMBER, Column, describe_column
from conveyor.suggest.families import STEPS

ROWS, BYTES = 100_000, 128 << 20  # limits of a sample
# What is tried where `auto` refuses a table: backslashes before marks, marks as text, then
# each delimiter.
DIALECTS: list[dict[str, Any]] = [
    {"escape": "\\"}, {"quote": None}, *({"delimiter": d} for d in CANDIDATES)
]  # fmt: skip
GENERATED = "column_"  # and a number: the name of a column in a file without a header line
TABLES = ("csv", "tsv", "excel")  # formats whose files may lack a header line


@dataclass(frozen=True)
class Sample:
    """The first rows of a source; of several parts, of the training rows.

    Attributes:
        source: the settings of `source` that its files need.
        dialect: what `auto` took for the first file.
    """

    source: dict[str, Any]
    columns: list[Column]
    dialect: Mapping[str, Any]


def read_sample(
    base: Mapping[str, Any], settings: Mapping[str, Any], root: Path, cache: Path
) -> Sample:
    """Read the first rows, with quotation marks and a header line unless the rows say otherwise.

    Args:
        base: the defaults of `source`.
        settings: its format and files.

    Raises:
        DataError: the files cannot be read.
    """
    is_table = settings["format"] in TABLES

    def try_dialects(dialects: Sequence[Mapping[str, Any]]) -> list[Sample]:
        return list(_try(base, [{**settings, **dialect} for dialect in dialects], root, cache))

    try:
        sample = _read(base, settings, root, cache)
        if is_table and _swallows_rows(sample):
            sample = next(filter(_is_even, try_dialects([{"quote": None}])), sample)
    except DataError:
        samples = try_dialects(DIALECTS) if is_table else []
        if not samples:
            raise
        sample = max(samples, key=lambda sample: (_is_even(sample), len(sample.columns)))
    if is_table and lacks_header(sample.columns):
        names = [f"{GENERATED}{i}" for i in range(1, len(sample.columns) + 1)]
        sample = _read(base, {**sample.source, "header": names}, root, cache)
        if _is_archive(sample.columns):
            steps = {c.name: f"t{i}" for i, c in enumerate(sample.columns[1:])}
            sample = name_columns(sample, {names[0]: "target", **steps})
    return sample


def _is_archive(columns: Sequence[Column]) -> bool:
    """Whether this is a file of the UCR archive: numbers without names, of which the first is a
    target of few values, and the others are steps."""
    first, *steps = columns
    if len(steps) < STEPS or any(column.kind != "number" for column in columns):
        return False
    repeats = first.distinct <= len(first.cells) / 2
    is_whole = all(number.is_integer() for number in first.numbers)
    return repeats and is_whole and median(column.distinct for column in steps) > first.distinct


def _swallows_rows(sample: Sample) -> bool:
    """Whether a cell looks like several rows, as if a quotation mark in a text had begun it."""
    delimiter = sample.dialect.get("delimiter")
    texts = (v for column in sample.columns if column.kind == "text" for v in column.values)
    return delimiter is not None and any("\n" in text and delimiter in text for text in texts)


def _is_even(sample: Sample) -> bool:
    """Whether all rows have as many fields."""
    return not sample.dialect.get("short_rows")


def _try(
    base: Mapping[str, Any], dialects: Sequence[Mapping[str, Any]], root: Path, cache: Path
) -> Iterator[Sample]:
    """Yield what can be read, with two columns or more."""
    for settings in dialects:
        with suppress(DataError):
            sample = _read(base, settings, root, cache)
            if len(sample.columns) > 1:
                yield sample


def _read(base: Mapping[str, Any], settings: Mapping[str, Any], root: Path, cache: Path) -> Sample:
    source = Source.model_validate({**base, **settings})
    parts = {part.name: part for part in open_source(source, root, cache)}
    part = parts.get("train") or parts["all"]
    cells: dict[str, list[Any]] = {name: [] for name in part.columns}
    rows = size = 0
    for batch in part.read(part.columns):
        for name, column in zip(part.columns, batch.columns, strict=True):
            cells[name] += column.to_pylist()
        rows, size = rows + len(batch), size + batch.nbytes
        if rows >= ROWS or size >= BYTES:
            break
    columns = [describe_column(name, values) for name, values in cells.items()]
    first = next(iter(part.files.values()))
    return Sample(dict(settings), columns, first.dialect)


def name_columns(sample: Sample, names: Mapping[str, str]) -> Sample:
    """Rename columns of files without a header line; `names` holds the new ones by the old ones."""
    columns = [replace(c, name=names.get(c.name, c.name)) for c in sample.columns]
    header = [column.name for column in columns]
    return replace(sample, source={**sample.source, "header": header}, columns=columns)


def is_generated(name: str) -> bool:
    """Return whether `read_sample` made up a column's name, which says nothing."""
    return name.startswith(GENERATED)


def lacks_header(columns: Sequence[Column]) -> bool:
    """Whether the names of the columns look like a row: a number among numbers, or a value that the
    column has again.

    Numbers that count the columns, 0, 1, 2 and so on, are names.
    """
    names = [column.name for column in columns]
    numbers = [int(name) for name in names if name.isdigit()]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return False
    for column in columns:
        if column.kind == "number" and NUMBER.fullmatch(column.name.replace(column.decimal, ".")):
            return True
        if column.kind == "text" and column.counts[column.name] > 1:
            return True
    return False
