"""The columns of a source that decide to which split a row belongs."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.split import ByTime, SplitRules
from conveyor.data.arrow import to_text
from conveyor.data.part import Part
from conveyor.data.times import CellError, is_missing_time, read_times
from conveyor.errors import DataError

MISSING_TIME = "missing_time"  # the problem of a row that cannot be put in order of time


class TimeColumn:
    """Reads a column of times, batch by batch, as numbers that compare over all of them.

    Attributes:
        kind: of the times, see `Times`; None until one is read.
    """

    def __init__(self, split: str, take: ByTime) -> None:
        self.name, self.split = take.column, split
        self.kind: str | None = None
        self._time_format, self._setting = take.time_format, f"dataset.split.{split}.time_format"

    def read(self, column: pa.Array) -> pa.Array:
        """Return numbers, or microseconds since 1970, (rows,); null where a cell is missing.

        They are float64, so that later digits of a large number and nanoseconds do not count.

        Raises:
            CellError: a cell is no time, or is of another kind than those before.
        """
        rows = np.flatnonzero(~is_missing_time(column).to_numpy(zero_copy_only=False))
        keys = np.full(len(column), np.nan)
        if len(rows):
            try:
                times = read_times(column.take(pa.array(rows)), self._time_format, self._setting)
            except CellError as error:
                raise CellError(int(rows[error.row]), str(error)) from None
            if self.kind not in (None, times.kind):
                cell = str(column[int(rows[0])].as_py())
                reason = f"expected {self.kind}, as in the rows before; got {cell!r}. "
                raise CellError(int(rows[0]), reason + "Change the cells.")
            self.kind, keys[rows] = times.kind, times.keys * times.unit
        return pa.array(keys, pa.float64(), from_pandas=True)  # NaN becomes null


class SplitColumns:
    """Reads the columns of a part of the source by which its rows are split.

    Attributes:
        part: that is read.
        names: of the columns, by field of the table of rows: `test`, `validation` and `group`.
        types: of these fields.
        times: those of the columns that are times. A part that is a split of its own has none.
    """

    def __init__(self, rules: SplitRules, part: Part) -> None:
        self.part = part
        self.names: dict[str, str] = {}
        self.types: dict[str, pa.DataType] = {}
        self.times: dict[str, TimeColumn] = {}
        own = rules.takes.get(part.name)
        for field, take in rules.takes.items():
            if take.by == "column":
                self.names[field], self.types[field] = take.column, pa.string()
            elif take.by == "time":
                self.types[field] = pa.float64()
                if own is None or own.by != "given":
                    self.names[field] = take.column
                    self.times[field] = TimeColumn(field, take)
        if rules.group is not None:
            self.names["group"], self.types["group"] = rules.group, pa.string()

    def read(
        self, batch: pa.RecordBatch, numbers: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[list[pa.Array], pa.Array]:
        """Return the values of each field, and the problem of each row, or null.

        Args:
            numbers: of the rows in the part.
            rows: numbers of the rows in the source; one without a group is a group of its own.

        Raises:
            DataError: a cell of a column of times cannot be read.
        """
        problems, values = pa.nulls(len(batch), pa.string()), []
        for field, kind in self.types.items():
            if field in self.times:
                times = self._read_times(self.times[field], batch, int(numbers[0]))
                problems = pc.if_else(times.is_null(), MISSING_TIME, problems)
                values.append(times)
            elif field in self.names:
                cells = to_text(batch.column(self.names[field]))
                values.append(_fill_groups(cells, rows) if field == "group" else
                              cells.fill_null("None"))  # fmt: skip
            else:
                values.append(pa.nulls(len(batch), kind))
        return values, problems

    def _read_times(self, times: TimeColumn, batch: pa.RecordBatch, first: int) -> pa.Array:
        try:
            return times.read(batch.column(times.name))
        except CellError as error:
            place = self.part.locate(first + error.row)
            raise DataError(f"{place}: column {times.name!r}: {error}") from None


def _fill_groups(cells: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    own = pc.binary_join_element_wise("row", pa.array(rows).cast(pa.string()), " without group ")
    return pc.if_else(pc.equal(cells.fill_null(""), ""), own, cells)


def require_equal_times(columns: Sequence[SplitColumns]) -> None:
    """Raise a DataError if the times of two parts do not compare."""
    for field in ("test", "validation"):
        kinds = {c.part.name: c.times[field].kind for c in columns if field in c.times}
        if len(set(kinds.values()) - {None}) > 1:
            pairs = ", ".join(f"{part}: {kind}" for part, kind in kinds.items())
            raise DataError(
                f"dataset.split.{field}.column: expected times of the same kind in each part; got "
                f"{pairs}. Change the files."
            )
