"""Reads the ids, inputs, targets and groups of rows from the columns of a source."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data.arrow import Steps, join_steps, nest_steps
from conveyor.data.sources import Part
from conveyor.errors import DataError
from conveyor.tasks.task import load_target

PROBLEMS = ("missing_input", "missing_target", "not_finite", "unknown_target")
NO_PROBLEM = -1
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class CodedValues:
    """A value of each row: `names[codes[row]]`, or None if the code is -1."""

    names: list[Any]
    codes: Codes

    def map(self, function: Callable[[Any], Any]) -> NDArray[Any]:
        """Return the function's result for each row, (rows,); called once a distinct value."""
        return np.array([*map(function, self.names), function(None)])[self.codes]


@dataclass(frozen=True)
class SourceRows:
    """A batch of rows.

    Attributes:
        ids: null for a row without an id; None if the configuration names no id column.
        raw: strings, or lists of steps, each a list of float32 channels; empty if missing.
        targets: keys of targets; a row with a problem may have none.
        groups: None without a group column.
        marks: bool (rows, 2), whether a split column marks a test row, or a validation row.
        problems: int8 (rows,), codes into PROBLEMS of unusable rows, else NO_PROBLEM.
    """

    ids: pa.Array | None
    raw: pa.Array
    targets: CodedValues
    groups: CodedValues | None
    marks: NDArray[np.bool_]
    problems: NDArray[np.int8]


class RowReader:
    """Reads the rows of one part of a source, in its order.

    Attributes:
        channels: of a series; None until a series with a step is read.
    """

    def __init__(self, config: TextDataset | SeriesDataset, part: Part) -> None:
        self.config, self.part = config, part
        self.channels: int | None = None
        self._takes = (config.split.test, config.split.validation)
        self.target = load_target(config.target, part.value_names)

    @property
    def columns(self) -> list[str]:
        """Columns that the part must have."""
        names = [self.input_column, *self.target.columns]
        names += [take.column for take in self._takes if take.by == "column"]
        names += [n for n in (self.config.columns.id, self.config.split.group) if n]
        return list(dict.fromkeys(names))

    @property
    def input_column(self) -> str:
        if isinstance(self.config, TextDataset):
            return self.config.columns.text
        return self.config.columns.series or "series"

    def rows(self) -> Iterator[SourceRows]:
        """Yield all rows, batch by batch.

        Raises:
            DataError: a series is no list of steps, its steps differ in width, or a target is none.
        """
        first = 0
        for batch in self.part.read(self.columns):
            yield self._read_batch(batch, first)
            first += len(batch)

    def _read_batch(self, batch: pa.RecordBatch, first: int) -> SourceRows:
        config = self.config
        ids = _read_ids(batch.column(config.columns.id)) if config.columns.id else None
        targets, problems = self._read_targets(batch)
        column = batch.column(self.input_column)
        missing = column.is_null().to_numpy(zero_copy_only=False)  # (rows,)
        problems[missing & (problems == NO_PROBLEM)] = PROBLEMS.index("missing_input")
        if isinstance(config, TextDataset):
            raw = to_strings(column).fill_null("")
        else:
            steps, lengths = self._read_series(column, ids, first)
            raw = nest_steps(steps, lengths)
            bad_steps = ~np.isfinite(steps).all(axis=1)  # (all steps,)
            bad = np.zeros(len(lengths), np.bool_)
            bad[np.repeat(np.arange(len(lengths)), lengths)[bad_steps]] = True
            problems[bad & (problems == NO_PROBLEM)] = PROBLEMS.index("not_finite")
        groups = None
        if config.split.group is not None:
            values = encode_distinct(batch.column(config.split.group))
            groups = CodedValues([*map(str, [*values.names, None])], values.codes)
        return SourceRows(ids, raw, targets, groups, self._read_marks(batch), problems)

    def _read_marks(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        marks = np.zeros((len(batch), 2), np.bool_)
        for position, take in enumerate(self._takes):
            if take.by == "column":
                cells = encode_distinct(batch.column(take.column)).map(str)
                marks[:, position] = cells == take.value
        return marks

    def _read_targets(self, batch: pa.RecordBatch) -> tuple[CodedValues, NDArray[np.int8]]:
        """Return the keys of the targets, and the problem of each row, (rows,)."""
        try:
            keys, problems = self.target.read([batch.column(n) for n in self.target.columns])
        except DataError as error:
            raise DataError(f"{self.part.origin}: {error}") from None
        reasons = encode_distinct(problems)
        codes = [*map(PROBLEMS.index, reasons.names), NO_PROBLEM]
        return encode_keys(keys), np.array(codes, np.int8)[reasons.codes]

    def _read_series(self, column: pa.Array, ids: pa.Array | None, first: int) -> Steps:
        """Return the joined steps (all steps, channels), and the steps of each row, (rows,)."""
        layout = getattr(self.config.columns, "layout", "steps_first")
        if layout == "steps_first":
            joined = join_steps(column, self.channels)
            if joined is not None:
                if len(joined[0]):
                    self.channels = joined[0].shape[1]
                return joined
        series = []
        for row, value in enumerate(column.to_pylist()):
            own_id = None if ids is None else ids[row].as_py()
            name = own_id or default_id(self.part.name, first + row)
            series.append(self._convert_series(value, name, layout))
        empty = np.zeros((0, self.channels or 1), np.float32)
        steps = np.concatenate([values if len(values) else empty for values in series])
        return steps, np.array([len(values) for values in series], np.int64)

    def _convert_series(self, value: Any, name: str, layout: str) -> NDArray[np.float32]:
        """Return one row as (steps, channels); None becomes NaN."""
        if not value:
            return np.zeros((0, 1), dtype=np.float32)
        try:
            cells = [[np.nan if cell is None else cell for cell in step] for step in value]
            steps = np.array(cells, dtype=np.float32)
            if steps.ndim != 2:
                raise ValueError(f"a list of {steps.ndim} dimensions")
        except (TypeError, ValueError) as error:
            raise DataError(
                f"row {name}: column {self.input_column!r}: expected a list of steps, each a list "
                f"of one number a channel; got {error}. Change dataset.columns.series, or the row."
            ) from None
        steps = steps if layout == "steps_first" else steps.T
        self.channels = self.channels or steps.shape[1]
        if len(steps) and steps.shape[1] != self.channels:
            raise DataError(
                f"row {name}: expected {self.channels} channels, as in the rows before; got "
                f"{steps.shape[1]}. Change dataset.columns.layout, or the row."
            )
        return steps


def encode_distinct(column: pa.Array) -> CodedValues:
    """Return the distinct values as Python objects, in order of appearance; null has code -1."""
    if pa.types.is_nested(column.type):
        column = to_strings(column)
    encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
    return CodedValues(encoded.dictionary.to_pylist(), codes)


def encode_keys(keys: pa.Array) -> CodedValues:
    """Return the distinct keys of targets; those that are lists as tuples."""
    if not pa.types.is_nested(keys.type):
        return encode_distinct(keys)
    positions: dict[Any, int] = {}
    codes = [
        -1 if key is None else positions.setdefault(tuple(key), len(positions))
        for key in keys.to_pylist()
    ]
    return CodedValues([*positions], np.array(codes, np.int32))


def to_strings(column: pa.Array) -> pa.Array:
    """Convert each value with Python's `str`; null stays null."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())


def _read_ids(column: pa.Array) -> pa.Array:
    """Return the ids of a column as text; null for an empty cell."""
    ids = to_strings(column)
    return pc.if_else(pc.equal(ids, ""), pa.scalar(None, pa.string()), ids)


def default_id(part: str, number: int) -> str:
    """Return the id of a row that has no own one, from its position in the part."""
    return f"{part}-{number:06d}"


def default_ids(part: str, numbers: Iterable[int]) -> pa.Array:
    """Return `default_id` of several rows."""
    return pa.array([default_id(part, number) for number in numbers], pa.string())
