"""Cells of times as numbers that put them in order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Keys = NDArray[np.int64] | NDArray[np.float64]
ISO_TYPES = tuple(pa.timestamp(unit, zone) for zone in (None, "UTC") for unit in ("ns", "us"))
EXPECTED = "a number, or an ISO date or time such as 2024-01-31 or 2024-01-31T09:05:00+01:00"
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001, "day": 86_400_000_000}
NUMBERS, INSTANTS, TIMES = "numbers", "times with an offset from UTC", "times without an offset"


class CellError(ValueError):
    """One cell of a column cannot be used.

    Attributes:
        row: its position, from 0.
    """

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


@dataclass(frozen=True)
class Times:
    """Cells of a column of times, as numbers.

    Attributes:
        keys: (rows,), equal for equal times and larger for later ones.
        kind: what the cells are; keys of different kinds do not compare.
        unit: microseconds of one step of the keys; 1 if they are numbers.
    """

    keys: Keys
    kind: str
    unit: float


def is_missing_time(column: pa.Array) -> pa.Array:
    """Return whether a cell is null, NaN or blank, (rows,)."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    empty = column.is_null(nan_is_null=True)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        empty = pc.or_kleene(empty, pc.equal(pc.utf8_trim_whitespace(column), ""))
    return empty.fill_null(True)


def read_times(column: pa.Array, time_format: str | None, setting: str) -> Times:
    """Read a column of times.

    Cells are numbers, dates and times of Arrow's types, or text. Text is numbers, ISO 8601, or what
    `time_format` describes; the first cell decides between numbers and ISO 8601. Times that have a
    zone or an offset are ordered by instant.

    Args:
        time_format: for text, as in `datetime.strptime`; None for numbers and ISO 8601.
        setting: the dotted key of `time_format`, for messages.

    Raises:
        CellError: a cell is empty, or is none of these.
    """
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    row = pc.index(is_missing_time(column), True).as_py()
    if row >= 0:
        raise CellError(row, "expected a time; got an empty cell. Fill it, or remove the row.")
    kind = column.type
    if pa.types.is_temporal(kind):
        if time_format is not None:
            reason = f"expected text, since {setting} is set; got {kind}. "
            raise CellError(0, reason + "Set it to null.")
        return _read_typed(column)
    if time_format is not None:
        return _by_format([str(cell) for cell in column.to_pylist()], time_format, setting)
    if pa.types.is_integer(kind):
        return Times(column.to_numpy().astype(np.int64), NUMBERS, 1)
    return _numbers_or_iso(column.to_pylist(), setting)


def _read_typed(column: pa.Array) -> Times:
    """Read dates, times and durations of Arrow's types."""
    kind = column.type
    width = pa.int32() if pa.types.is_date32(kind) or pa.types.is_time32(kind) else pa.int64()
    keys = column.view(width).to_numpy().astype(np.int64)
    if pa.types.is_date(kind):
        return Times(keys, TIMES, MICROSECONDS["day" if pa.types.is_date32(kind) else "ms"])
    if pa.types.is_timestamp(kind):
        return Times(keys, INSTANTS if kind.tz else TIMES, MICROSECONDS[kind.unit])
    name = "times of day" if pa.types.is_time(kind) else "durations"
    return Times(keys, name, MICROSECONDS[kind.unit])


def _by_format(cells: list[str], time_format: str, setting: str) -> Times:
    keys, has_offset = np.empty(len(cells), np.int64), False
    for row, cell in enumerate(cells):
        try:
            time = datetime.strptime(cell.strip(), time_format)
        except ValueError:
            reason = f"expected a time as {setting} {time_format!r}; got "
            raise CellError(row, f"{reason}{cell!r}. Change the format, or the cell.") from None
        has_offset = time.tzinfo is not None
        epoch = datetime(1970, 1, 1, tzinfo=UTC if has_offset else None)
        keys[row] = (time - epoch) // timedelta(microseconds=1)
    return Times(keys, INSTANTS if has_offset else TIMES, 1)


def _numbers_or_iso(cells: list[Any], setting: str) -> Times:
    if cells and _number(cells[0]) is None:
        return _by_iso([str(cell).strip() for cell in cells], setting)
    numbers = [_number(cell) for cell in cells]
    for row, number in enumerate(numbers):
        if number is None:
            reason = f"expected a number, as in the rows before; got {cells[row]!r}. "
            raise CellError(row, reason + _describe_format(setting))
    if all(isinstance(number, int) and abs(number) < 2**63 for number in numbers):
        return Times(np.array(numbers, np.int64), NUMBERS, 1)
    return Times(np.array(numbers, np.float64), NUMBERS, 1)


def _number(cell: Any) -> float | None:
    """An int or a finite float; None for anything else."""
    if isinstance(cell, bool):
        return None
    for kind in (int, float):
        try:
            number = kind(cell) if isinstance(cell, str) else cell
            return number if isfinite(number) else None
        except (TypeError, ValueError):
            continue
    return None


def _describe_format(setting: str) -> str:
    return (
        f"For another notation set {setting}, such as '%d/%m/%Y %H:%M'; times of day and dates "
        "without a year or an order of day and month are not guessed."
    )


def _by_iso(cells: list[str], setting: str) -> Times:
    times = _parse_iso(cells)
    if times is not None:
        return _read_typed(times)
    first = _parse_iso(cells[:1])
    for row, cell in enumerate(cells):
        time = _parse_iso([cell])
        if time is None:
            hint = _describe_format(setting)
            raise CellError(row, f"expected {EXPECTED}; got {cell!r}. {hint}")
        if first is not None and time.type.tz != first.type.tz:
            offset = "an offset" if first.type.tz else "no offset"
            reason = f"expected times with {offset} from UTC, as in the rows before; got {cell!r}. "
            raise CellError(row, reason + "Change the cell.")
    reason = "expected years from 1677 to 2262, or no fractions below a microsecond; got times "
    raise CellError(0, reason + "outside these years, and such fractions. Change the cells.")


def _parse_iso(cells: list[str]) -> pa.Array | None:
    """Return times, with a zone if the cells have offsets; None if the cells differ."""
    for kind in ISO_TYPES:
        try:
            return pa.array(cells).cast(kind)
        except pa.ArrowInvalid:
            continue
    return None
