"""What rows say, whatever the file they came from; column by column."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data.arrow import nested, no_null, plain, steps_of, texts
from conveyor.data.errors import DataError
from conveyor.data.sources import Part

PROBLEMS = ("missing_input", "missing_label", "not_finite", "unknown_label")
NO_PROBLEM = -1
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Named:
    """A value a row: `names[codes[i]]`, or none where the code is -1."""

    names: list[Any]
    codes: Codes

    def map(self, change: Callable[[Any], Any]) -> NDArray[Any]:
        """What `change` makes of each row's value, called once for each distinct one."""
        return np.array([*map(change, self.names), change(None)])[self.codes]


@dataclass(frozen=True)
class SourceRows:
    """Some rows as read.

    Attributes:
        ids: null for a row that has none of its own; None where no row has one.
        raw: strings, or lists of steps, each a list of float32 channels; empty if missing.
        labels: class names; a row with a problem may have none.
        groups: None without a group column.
        marks: bool (rows, 2), where a split column says test row, or validation row.
        problems: int8, codes into PROBLEMS of the rows that cannot be used, else NO_PROBLEM.
    """

    ids: pa.Array | None
    raw: pa.Array
    labels: Named
    groups: Named | None
    marks: NDArray[np.bool_]
    problems: NDArray[np.int8]


class RowReader:
    """Reads one part of a source, in its own order."""

    def __init__(self, config: TextDataset | SeriesDataset, part: Part) -> None:
        self.config, self.part = config, part
        self.takes = (config.split.test, config.split.validation)
        self._classes = part.classes.get(config.columns.label)
        self.channels: int | None = None  # of a series; known when one was read

    @property
    def columns(self) -> list[str]:
        """Columns that must be there."""
        names = [self.input_column, self.config.columns.label]
        names += [take.column for take in self.takes if take.by == "column"]
        names += [n for n in (self.config.columns.id, self.config.split.group) if n]
        return list(dict.fromkeys(names))

    @property
    def input_column(self) -> str:
        if isinstance(self.config, TextDataset):
            return self.config.columns.text
        return self.config.columns.series or "series"

    def rows(self) -> Iterator[SourceRows]:
        """All rows, batch by batch."""
        at = 0
        for batch in self.part.read(self.columns):
            yield self._rows(batch, at)
            at += len(batch)

    def _rows(self, batch: pa.RecordBatch, at: int) -> SourceRows:
        config = self.config
        ids = own_ids(batch.column(config.columns.id)) if config.columns.id else None
        labels, problems = self._labels(batch.column(config.columns.label))
        column = batch.column(self.input_column)
        missing = _is_null(column)
        wrong = [(missing, "missing_input")]
        if isinstance(config, TextDataset):
            raw = no_null(strings(column), "")
        else:
            steps, lengths = self._series(column, ids, at)
            raw = nested(steps, lengths)
            bad = np.repeat(np.arange(len(lengths)), lengths)[~np.isfinite(steps).all(axis=1)]
            wrong.append((np.isin(np.arange(len(lengths)), bad), "not_finite"))
        for found, problem in wrong:
            problems[found & (problems == NO_PROBLEM)] = PROBLEMS.index(problem)
        group = config.split.group
        groups = None if group is None else distinct(batch.column(group))
        if groups is not None:
            groups = Named([str(name) for name in [*groups.names, None]], groups.codes)
        marks = np.zeros((len(batch), 2), np.bool_)
        for which, take in enumerate(self.takes):
            if take.by == "column":
                value = take.value
                marks[:, which] = distinct(batch.column(take.column)).map(
                    lambda cell, value=value: str(cell) == value
                )
        return SourceRows(ids, raw, labels, groups, marks, problems)

    def _labels(self, column: pa.Array) -> tuple[Named, NDArray[np.int8]]:
        found = distinct(column)
        told = [self._label(value) for value in [*found.names, None]]
        codes = [NO_PROBLEM if p is None else PROBLEMS.index(p) for _, p in told]
        return Named([name for name, _ in told], found.codes), np.array(codes, np.int8)[found.codes]

    def _label(self, value: Any) -> tuple[str | None, str | None]:
        if value is None or value == "":
            return None, "missing_label"
        labels = self.config.labels
        if labels.thresholds is not None:
            return self._cut(value)
        name = self._name(value)
        if labels.classes is not None and name not in labels.classes:
            return name, "unknown_label"
        return name, None

    def _name(self, value: Any) -> str:
        if self._classes is not None and isinstance(value, int):
            return self._classes[value] if value >= 0 else "-1"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def _cut(self, value: Any) -> tuple[str | None, str | None]:
        thresholds, classes = self.config.labels.thresholds or [], self.config.labels.classes or []
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"label column {self.config.columns.label!r} of the {self.part.name} rows holds "
                f"{value!r}; labels.thresholds needs numbers"
            ) from None
        if not np.isfinite(number):
            return None, "missing_label"
        return classes[int(np.searchsorted(thresholds, number, side="right"))], None

    def _series(
        self, column: pa.Array, ids: pa.Array | None, at: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Steps (all steps, channels) of the rows behind one another, and the steps of each."""
        turned = getattr(self.config.columns, "layout", "steps_first") == "channels_first"
        if not turned and (known := steps_of(column, self.channels)) is not None:
            if len(known[0]):
                self.channels = known[0].shape[1]
            return known
        every = []
        for i, value in enumerate(column.to_pylist()):
            own = None if ids is None else ids[i].as_py()
            every.append(self._steps(value, own or auto_id(self.part.name, at + i), turned))
        width = self.channels or 1
        return (
            np.concatenate(
                [one if len(one) else np.zeros((0, width), np.float32) for one in every]
            ),
            np.array([len(one) for one in every], np.int64),
        )

    def _steps(self, value: Any, name: str, turned: bool) -> NDArray[np.float32]:
        if not value:
            return np.zeros((0, 1), dtype=np.float32)
        try:
            steps = np.array(
                [[np.nan if v is None else v for v in step] for step in value], dtype=np.float32
            )
            if steps.ndim != 2:
                raise ValueError(f"it has {steps.ndim} dimensions")
        except (TypeError, ValueError) as error:
            raise DataError(
                f"row {name}: column {self.input_column!r} must hold a list of steps, each a list "
                f"of one number a channel: {error}"
            ) from None
        steps = steps.T if turned else steps
        self.channels = self.channels or steps.shape[1]
        if len(steps) and steps.shape[1] != self.channels:
            raise DataError(
                f"row {name}: {steps.shape[1]} channels, but the rows before it have "
                f"{self.channels}. Is dataset.columns.layout right?"
            )
        return steps


def distinct(column: pa.Array) -> Named:
    """Each distinct value once, as a Python object, in order of appearance; -1 for null."""
    if pa.types.is_nested(column.type):
        column = strings(column)
    found = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    codes = plain(no_null(found.indices, -1)).astype(np.int32)
    return Named(found.dictionary.to_pylist(), codes)


def strings(column: pa.Array) -> pa.Array:
    """As text, nulls kept: what Python's `str` makes of each value."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())


def _is_null(column: pa.Array) -> NDArray[np.bool_]:
    if not column.null_count:
        return np.zeros(len(column), np.bool_)
    return column.is_null().to_numpy(zero_copy_only=False)


def own_ids(column: pa.Array) -> pa.Array:
    """The ids in a column, as text; null where there is none."""
    named = strings(column)
    return pc.if_else(pc.equal(named, ""), pa.scalar(None, pa.string()), named)


def auto_id(part: str, number: int) -> str:
    return f"{part}-{number:06d}"


def auto_ids(part: str, numbers: Iterable[int]) -> pa.Array:
    """`auto_id` of many rows."""
    return texts(auto_id(part, number) for number in numbers)
