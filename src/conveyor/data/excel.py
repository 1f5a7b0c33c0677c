"""Reads sheets of Excel files with calamine."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from conveyor.config.source import Source
from conveyor.data.columnar import refuse_compression
from conveyor.data.table import Table, check_header, read_whole
from conveyor.errors import DataError


def open_excel(source: Source, path: Path) -> Table:
    """Open `source.sheet` of a workbook, as a whole; null is the only sheet that has cells.

    The first row is the header, unless `source.header` names the columns. Empty rows are skipped.
    A column is of numbers, truth values or times if all its cells are; else it is text, in which
    an empty cell is an empty text.

    Raises:
        DataError: there is no such sheet, or several have cells.
    """
    import python_calamine  # only this format needs it

    refuse_compression(source, path)
    with python_calamine.load_workbook(str(path)) as book:
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    name = _choose_sheet(source, path, sheets)
    rows = [row for row in sheets[name] if any(cell != "" for cell in row)]
    names = source.header or check_header([str(cell) for cell in rows[0]] if rows else [], path)
    rows = rows if source.header else rows[1:]
    if rows and len(rows[0]) != len(names):
        raise DataError(
            f"{path}, sheet {name!r}: expected {len(names)} columns, as in dataset.source.header; "
            f"got {len(rows[0])}. Change dataset.source.header or dataset.source.sheet."
        )
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    table = pa.table(dict(zip(names, map(_build_column, columns), strict=True)))
    return Table(names, read_whole(table), dialect={"sheet": name})


def _choose_sheet(source: Source, path: Path, sheets: dict[str, Any]) -> str:
    names, wanted = list(sheets), source.sheet
    if wanted is None:
        used = [name for name, rows in sheets.items() if rows]
        if len(used) == 1:
            return used[0]
    elif isinstance(wanted, str) and wanted in sheets:
        return wanted
    elif isinstance(wanted, int) and 0 < wanted <= len(names):
        return names[wanted - 1]
    expected = "one sheet with cells" if wanted is None else f"a sheet {wanted!r}"
    listed = ", ".join(f"{number}: {name!r}" for number, name in enumerate(names, start=1))
    raise DataError(
        f"{path}: expected {expected}; got {listed}. Set dataset.source.sheet to a name or number; "
        "`describe --suggest` takes --sheet."
    )


def _build_column(cells: Sequence[Any]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell != ""}
    values = [None if cell == "" else cell for cell in cells]
    if kinds <= {int, float}:
        integers = all(value is None or float(value).is_integer() for value in values)
        return pa.array(values, pa.int64() if kinds and integers else pa.float64())
    if kinds in ({bool}, {date}):
        return pa.array(values)
    if kinds <= {date, datetime}:
        return pa.array(
            [datetime(*v.timetuple()[:6]) if type(v) is date else v for v in values],
            pa.timestamp("us"),
        )
    return pa.array([_write_text(cell) for cell in cells], pa.string())


def _write_text(cell: Any) -> str:
    """Write a cell of a column of several types; Excel stores 7 as 7.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
