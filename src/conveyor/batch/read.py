"""The raw rows of a file, in any format and layout that `prepare` reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.source import KeptDialect, Source
from conveyor.data.arrow import to_text
from conveyor.data.cells import is_missing, read_numbers, with_points
from conveyor.data.file_format import FORMATS, suffix_of
from conveyor.data.long_rows import read_series
from conveyor.data.row_estimate import estimate_rows
from conveyor.data.sources import open_files
from conveyor.data.text_file import open_text_file
from conveyor.encoding import RowError
from conveyor.errors import InputError
from conveyor.extensions import rows_of
from conveyor.serving import LoadedModel
from conveyor.serving.layout import Layout, find_layout, find_sequence, require_static

ADVICE = ". Name another column with --column"
# For models of data sets whose dialect was not yet kept.
PLAIN = KeptDialect(
    header=None, delimiter="auto", quote='"', encoding="auto", compression="auto", decimal=".",
    missing=[], sheet=None,
)  # fmt: skip


@dataclass(frozen=True)
class FileRows:
    """The raw rows of a file.

    Attributes:
        windows: the rows in their order, some at a time. A `RowError` takes the place of a row that
            cannot be parsed.
        ids: of the series, where each row of the file is a step; None for other layouts. They are
            "" where the file has one series without a name.
        estimate: about the number of rows; None where it is not known.
        times: of the steps that are forecast, for each history; None for other rows.
        notes: sentences on what was found in the file.
    """

    windows: Iterator[list[Any]]
    ids: list[str] | None = None
    estimate: int | None = None
    times: list[Any] | None = None
    notes: Sequence[str] = ()

    def place(self, row: int) -> str:
        """Return what follows the file's name in a message on a row."""
        if self.ids is None:
            return f", row {row + 1}"
        return f", series {self.ids[row]!r}" if self.ids[row] else ""


def open_rows(
    model: LoadedModel, path: Path, column: str | None, size: int, advice: str = ADVICE
) -> FileRows:
    """Open the rows of a file.

    They are in the columns of the model's data set, or else in its general column.

    Args:
        column: of texts, or of series as lists of steps, in place of these.
        size: rows of a window.
        advice: what to do where the file lacks a column, for a message.

    Raises:
        InputError: the file is missing, has another format, or lacks a column; also while it is
            read.
    """
    kind = find_format(path)
    layouts = [*reversed(model.layouts)]
    if column is not None:
        layouts = [Layout.of_column(model.kind, column, model.static)]
    dialect = model.card.dialect or PLAIN
    if kind == "conll" and dialect.header is not None:
        layouts = [*_number_columns(layouts, dialect.header), *layouts]
        dialect = dialect.model_copy(update={"header": None})
    source = Source(
        format=kind, files={"all": str(path)}, sql=None, hub=None, revision=None,
        **dialect.settings_for(kind),
    )  # fmt: skip
    if kind == "jsonl" and layouts[0].long is None:
        return FileRows(
            _windows(_json_rows(path, source, layouts, advice), size), None, estimate_rows([path])
        )
    part = open_files(source, "rows", [path], allow_empty=True)
    layout, names = find_layout(layouts, part.columns, f"{path}: columns", advice)
    static = layout.static
    if layout.long is not None:
        series = read_series(part, layout.long, static, dialect.decimal)
        rows = layout.join(series.sequences, series.static)
        return FileRows(
            _windows(iter(rows), size), series.ids, len(rows), series.times, series.notes
        )
    if layout.is_wide:
        numbers = [name for name in names if name not in static.categories]
    else:
        numbers = static.numbers
    if numbers:
        part = read_numbers(part, numbers, [], dialect.decimal)

    def read_table(batch: pa.RecordBatch) -> dict[str, Sequence[Any]]:
        columns = zip(names, batch.columns, strict=True)
        return {
            name: column.to_pylist() if name in static.names else _cells(model.kind, column)
            for name, column in columns
        }

    rows = (row for batch in part.read(names) for row in layout.read(read_table(batch)))
    return FileRows(_windows(rows, size), None, estimate_rows([path]))


def find_format(path: Path) -> str:
    """Return the format of a file by its name.

    Raises:
        InputError: no format has such a name, or there is no such file.
    """
    added = {name: name for name in rows_of("READERS")}  # a project's own formats
    kind = (FORMATS | added).get(suffix_of(path))
    if kind is None:
        raise InputError(
            f"{path}: expected a name that ends in one of {', '.join([*FORMATS, *added])}; got "
            f"{path.suffix or 'no suffix'}"
        )
    if not path.is_file():
        raise InputError(f"{path}: file not found. Name an existing file")
    return kind


def _number_columns(layouts: Sequence[Layout], header: Sequence[str]) -> Iterator[Layout]:
    """Yield the layouts by the numbers of their columns: new rows lack the columns of tags, so that
    not all names of the training file's header are theirs."""
    for layout in layouts:
        for name in layout.names:
            if name in header:
                number = header.index(name) + 1
                yield Layout.of_column("text", f"column_{number}", layout.static)


def _windows(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while window := list(islice(rows, size)):
        yield window


def _json_rows(path: Path, source: Source, layouts: Sequence[Layout], advice: str) -> Iterator[Any]:
    """Rows of JSON lines; a line that cannot be read costs none of the others.

    Raises:
        InputError: the first object has no sequence, or no line has one of the static columns.
    """
    layout, keys = None, dict[str, None]()
    with open_text_file(source, path).open_utf8() as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield RowError(f"the line is not valid JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield RowError(f"expected a JSON object; got a value of type {type(row).__name__}")
                continue
            if layout is None:
                layout = find_sequence(layouts, row, f"{path}: columns", advice)
            keys |= dict.fromkeys(row)
            yield _json_row(layout, row, source)
    if layout is not None:
        require_static(layout, keys, f"{path}: columns")


def _json_row(layout: Layout, row: Mapping[str, Any], source: Source) -> Any:
    """The raw row of an object; a static column that it does not have is null, as in `prepare`."""
    names = layout.match(row) if layout.is_wide else layout.names  # a row ends where its keys end
    if missing := [name for name in names if name not in row]:
        return RowError(f"key {missing[0]!r} not found")
    values = {name: row[name] for name in names}
    values |= {name: row.get(name) for name in layout.static.names}
    cells = {
        name: None if is_missing(cell, source.missing) else cell for name, cell in values.items()
    }
    for name in layout.static.numbers:
        if isinstance(cells[name], str):
            cells[name] = with_points(pa.array([cells[name]]), source.decimal)[0].as_py()
    return layout.read({name: [cell] for name, cell in cells.items()})[0] if cells else []


def _cells(kind: str, column: pa.Array) -> Sequence[Any]:
    """The cells of a column: texts, or lists of steps as arrays where they can be.

    An object, a list or bytes in place of a text stays one, which the encoder refuses.
    """
    if kind == "text" and not (pa.types.is_nested(column.type) or pa.types.is_binary(column.type)):
        return to_text(column).to_pylist()
    return (_step_arrays(column) if kind == "series" else None) or column.to_pylist()


def _step_arrays(column: Any) -> list[NDArray[Any]] | None:
    """Lists of steps as arrays (steps, channels), which share Arrow's memory.

    Returns:
        None where the column has another type, a null, or steps of different width.
    """
    lists = (pa.ListArray, pa.LargeListArray)
    if not isinstance(column, lists) or not isinstance(steps := column.flatten(), lists):
        return None
    numbers, ends = steps.flatten(), np.cumsum(column.value_lengths())
    if not (pa.types.is_floating(numbers.type) or pa.types.is_integer(numbers.type)):
        return None
    widths = np.unique(steps.value_lengths())
    if len(widths) != 1 or column.null_count or steps.null_count or numbers.null_count:
        return None
    flat = numbers.to_numpy().reshape(-1, int(widths[0]))
    starts = ends - column.value_lengths().to_numpy()
    return [flat[start:end] for start, end in zip(starts, ends, strict=True)]
