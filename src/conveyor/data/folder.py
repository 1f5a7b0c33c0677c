"""Reads a folder of files, each of which is a row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.arrow import SERIES
from conveyor.data.cells import is_missing
from conveyor.data.compression import SUFFIXES
from conveyor.data.delimiter import find_delimiter, split_fields, take_separator
from conveyor.data.null_marks import MARK
from conveyor.data.table import Batches, Table
from conveyor.data.text_file import open_text_file
from conveyor.errors import DataError

# Names of folders that hold a part of the rows, and the keys of `dataset.source.files` for them.
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test",
         "validation": "validation", "valid": "validation", "val": "validation",
         "dev": "validation"}  # fmt: skip
STEPS = (".csv", ".tsv")  # files of steps; all others are texts
BATCH = 500  # rows


def open_folder(source: Source, path: Path) -> Table:
    """Open a folder as a table of a file a row, in the order of their paths.

    Columns: `text`, or `series` if all files are CSV or TSV, each with a row a step and a column a
    channel; `label`, the name of the sub-folder of `path`, null for a file that is in none; and
    `path`, relative to the folder. Hidden files are no rows.

    Raises:
        DataError: there are no files, or texts beside series; while it is read: a cell of a series
            is no number, or `label` is wanted where all sub-folders are named as parts are.
    """
    if not path.is_dir():
        raise DataError(
            f"{path}: expected a folder, since dataset.source.format is folder; got a file. Name "
            "the folder in dataset.source.files."
        )
    paths = sorted(p for p in path.rglob("*") if p.is_file() and not _is_hidden(p, path))
    kinds = {_suffix(p) in STEPS for p in paths}
    if len(kinds) != 1:
        endings = dict(Counter(_suffix(p) or "none" for p in paths))
        raise DataError(
            f"{path}: expected files that are all texts, or all CSV or TSV files of steps; got "
            f"{endings or 'none'}, by the end of their names. Change dataset.source.files."
        )
    name, kind, read_file = "text", pa.string(), _read_text
    if kinds == {True}:
        name, kind, read_file = "series", SERIES, _read_steps
    schema = pa.schema({name: kind, "label": pa.string(), "path": pa.string()})  # type: ignore[arg-type]
    dialect: dict[str, Any] = {"rows": name}

    def rows() -> Iterator[dict[str, Any]]:
        encodings: Counter[str] = Counter()
        for file in paths:
            content, encoding = read_file(source, file)
            encodings[encoding] += 1
            inner = file.relative_to(path)
            folder = inner.parts[0] if len(inner.parts) > 1 else None
            yield {name: content, "label": folder, "path": inner.as_posix()}
        dialect["encodings"] = dict(sorted(encodings.items()))

    def read(wanted: Sequence[str]) -> Batches:
        if "label" in wanted:
            _refuse_parts(path, paths)
        remaining = rows()
        while batch := list(islice(remaining, BATCH)):
            yield pa.RecordBatch.from_pylist(batch, schema=schema).select(list(wanted))

    return Table(schema.names, read, dialect=dialect)


def _refuse_parts(path: Path, files: Sequence[Path]) -> None:
    """Raise a DataError if the sub-folders are parts of the rows, such as train, not labels."""
    names = {inner.parts[0] for file in files if len((inner := file.relative_to(path)).parts) > 1}
    if not names or any(name.lower() not in PARTS for name in names):
        return
    place = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    by_part = {PARTS[name.lower()]: place / name for name in sorted(names)}
    rules = [f"dataset.split.{part} to {{by: given}}" for part in ("test", "validation")
             if part in by_part]  # fmt: skip
    if len(by_part) == 1:
        by_part, rules = {"all": next(iter(by_part.values()))}, []
    wanted = ", ".join(f"{part}: {folder}" for part, folder in by_part.items())
    raise DataError(
        f"{path}: expected sub-folders that are named as the labels are; got "
        f"{', '.join(sorted(names))}, which name parts of the rows. Set "
        f"{' and '.join([f'dataset.source.files to {{{wanted}}}', *rules])}."
    )


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _suffix(file: Path) -> str:
    """Return the end of a file's name, without that of its compression."""
    return (file.with_suffix("") if file.suffix in SUFFIXES.values() else file).suffix.lower()


def _read_text(source: Source, path: Path) -> tuple[str, str]:
    """Return a file's text, without its last line break, and its encoding."""
    file = open_text_file(source, path)
    with file.open_text() as text:
        return text.read().removesuffix("\n"), file.encoding


def _read_steps(source: Source, path: Path) -> tuple[list[list[float]], str]:
    """Return a file's steps, each a list of channels, and its encoding.

    The first line is a header if one of its cells is no number, unless `source.header` names the
    channels.
    """
    file = open_text_file(source, path)
    with file.open_text(newline="", escape=source.escape) as text:
        lines = list(text)
    separator, delimiter = take_separator(lines), source.delimiter
    if delimiter == "auto" and separator is not None:
        delimiter = separator
    elif delimiter == "auto":
        delimiter = "\t" if _suffix(path) == ".tsv" else _find_delimiter(source, path, lines)
    rows = [row for row in split_fields(lines, delimiter, source) if row]
    if rows and not source.header and any(_number(source, cell) is None for cell in rows[0]):
        del rows[0]
    steps = []
    for number, row in enumerate(rows, start=1):
        step = [_number(source, cell) for cell in row]
        if None in step:
            raise DataError(
                f"{path}, row {number}: expected numbers, delimited by {delimiter!r}, with the "
                f"decimal sign {source.decimal!r}; got {row[step.index(None)]!r}. Change the row, "
                "dataset.source.delimiter, dataset.source.decimal or dataset.source.missing."
            )
        if len(row) != len(rows[0]):
            raise DataError(
                f"{path}, row {number}: expected {len(rows[0])} channels, as in the rows before; "
                f"got {len(row)}. Change the row, or dataset.source.delimiter."
            )
        steps.append(step)
    return steps, file.encoding


def _find_delimiter(source: Source, path: Path, lines: Sequence[str]) -> str:
    if source.decimal == ",":  # a comma is within a number
        lines = [line.replace(",", ".") for line in lines]
    return find_delimiter(path, lines, source)


def _number(source: Source, cell: str) -> float | None:
    """Return NaN for an empty or missing cell, and None for one that is no number."""
    if cell.strip() in ("", MARK) or is_missing(cell, source.missing):
        return nan
    try:
        return float(cell.replace(",", ".") if source.decimal == "," else cell)
    except ValueError:
        return None
