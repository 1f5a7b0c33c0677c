"""Cells as the configuration describes them: values that mean none, and decimal commas."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from conveyor.data.part import Part
from conveyor.data.table import Batches, replace_columns
from conveyor.errors import DataError

Missing = Sequence[str | int | float]
EXPONENT = r"([eE][+-]?\d+)?\s*$"
# A number with a separator in it, and one whose only separator is that of its decimals.
SEPARATED = r"^\s*[+-]?\d*([.,'’ \x{a0}\x{202f}]\d+)+" + EXPONENT
DECIMAL = {
    ".": r"^\s*[+-]?\d*\.\d+" + EXPONENT,
    ",": r"^\s*[+-]?\d*,\d+" + EXPONENT,
}  # fmt: skip


def clear_missing(batch: pa.RecordBatch, missing: Missing) -> pa.RecordBatch:
    """Replace the values of texts and numbers that are in `missing` with null.

    White space around a text does not count.
    """
    if not missing:
        return batch
    columns = [_clear(column, missing) for column in batch.columns]
    return replace_columns(batch, columns)


def is_missing(cell: Any, missing: Missing) -> bool:
    """Return whether a text or number is in `missing`; the rule of `clear_missing` for a cell."""
    if isinstance(cell, str):
        return cell.strip() in {str(value).strip() for value in missing}
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return is_number and cell in [_number(value) for value in missing]


def _clear(column: pa.Array, missing: Missing) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    kind = column.type
    if is_text(kind):
        values = pa.array([str(value).strip() for value in missing], kind)
        cleared = pc.is_in(pc.utf8_trim_whitespace(column), values)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = [number for value in missing if (number := _number(value)) is not None]
        cleared = pc.is_in(column.cast(pa.float64(), safe=False), pa.array(numbers, pa.float64()))
    else:
        return column
    return pc.if_else(cleared, pa.scalar(None, kind), column)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def with_points(column: pa.Array, decimal: str) -> pa.Array:
    """Write texts that are numbers with the decimal sign `decimal` with a point."""
    if decimal == "." or not is_text(column.type):
        return column
    is_decimal = pc.match_substring_regex(column, DECIMAL[decimal])
    return pc.if_else(is_decimal, pc.replace_substring(column, decimal, "."), column)


def read_numbers(part: Part, numbers: Sequence[str], times: Sequence[str], decimal: str) -> Part:
    """Return the part with decimal points in its columns of numbers, where they are text.

    Args:
        times: columns of numbers or of dates, which may have several points.

    Raises:
        DataError: while it is read, a number has another decimal sign, or separators of thousands.
    """

    def read(wanted: Sequence[str]) -> Batches:
        first = 0  # row
        for batch in part.read(wanted):
            columns = []
            for name, column in zip(wanted, batch.columns, strict=True):
                if name in numbers and is_text(column.type):
                    _check_separators(part, name, column, decimal, first)
                is_number = name in numbers or name in times
                columns.append(with_points(column, decimal) if is_number else column)
            yield replace_columns(batch, columns)
            first += len(batch)

    return replace(part, read=read)


def _check_separators(part: Part, name: str, column: pa.Array, decimal: str, first: int) -> None:
    separated = pc.match_substring_regex(column, SEPARATED)
    is_decimal = pc.match_substring_regex(column, DECIMAL[decimal])
    row = pc.index(pc.and_not(separated, is_decimal), True).as_py()
    if row < 0:
        return
    cell, other = column[row].as_py(), {".": ",", ",": "."}[decimal]
    advice = "Remove separators of thousands from the numbers of the file."
    if pc.match_substring_regex(column[row : row + 1], DECIMAL[other])[0].as_py():
        advice = f"If {other!r} is the decimal sign, set dataset.source.decimal to it. {advice}"
    raise DataError(
        f"{part.locate(first + row)}: column {name!r}: expected a number with the decimal sign "
        f"{decimal!r} and no other separator; got {cell!r}. {advice}"
    )


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
