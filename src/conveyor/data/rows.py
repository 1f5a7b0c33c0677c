"""Reads the inputs, targets and groups of rows from the columns of a source."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.config.dataset import SeriesDataset, TextDataset
from conveyor.data.arrow import ROW_TYPE, Steps, join_steps, nest_steps, steps_to_bytes, to_text
from conveyor.data.copy import RowCopy
from conveyor.data.database import Database, load
from conveyor.data.rules import ROWS
from conveyor.data.sources import Part
from conveyor.errors import DataError
from conveyor.tasks.task import load_target


class RowReader:
    """Reads the rows of one part of a source, in its order.

    Attributes:
        channels: of a series; None until a series with a step is read.
    """

    def __init__(self, config: TextDataset | SeriesDataset, part: Part) -> None:
        self.config, self.part = config, part
        self.channels: int | None = None
        takes = {"test": config.split.test, "validation": config.split.validation}
        self._split_columns = {
            name: take.column for name, take in takes.items() if take.by == "column"
        }
        if config.split.group is not None:
            self._split_columns["group"] = config.split.group
        self.target = load_target(config.target, part.value_names)

    @property
    def columns(self) -> list[str]:
        """Columns that the part must have."""
        names = [self.input_column, *self.target.columns]
        names += self._split_columns.values()
        names += [self.config.columns.id] if self.config.columns.id else []
        return list(dict.fromkeys(names))

    @property
    def input_column(self) -> str:
        if isinstance(self.config, TextDataset):
            return self.config.columns.text
        return self.config.columns.series or "series"

    @property
    def schema(self) -> pa.Schema:
        """Of the batches that `read` yields."""
        fields = {
            "row": pa.int64(), "id": pa.string(), "raw": ROW_TYPE[self.config.kind],
            "content": pa.binary(), "empty": pa.bool_(), "target": self.target.key_type,
            "problem": pa.string(),
        }  # fmt: skip
        return pa.schema(fields | dict.fromkeys(self._split_columns, pa.string()))

    def read(self, start: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows, batch by batch.

        `row` is the row's number, from `start` on. `id` is that of the source, else made of the
        row's position. `raw` is a string or a list of steps, each a list of float32 channels, and
        empty if missing; `content` is the same as bytes. `problem` says why a row cannot be used.
        `test`, `validation` and `group` are the cells of these columns as text, if the split has
        them.

        Raises:
            DataError: a series is no list of steps, its steps differ in width, or a target is none.
        """
        first = 0
        for batch in self.part.read(self.columns):
            numbers = np.arange(first, first + len(batch))
            yield self._read_batch(batch, numbers, start + numbers)
            first += len(batch)

    def _read_batch(
        self, batch: pa.RecordBatch, numbers: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> pa.RecordBatch:
        ids = self._read_ids(batch, numbers)
        column = batch.column(self.input_column)
        targets, problems = self._read_targets(batch)
        problems = pc.coalesce(problems, _name_where(column.is_null(), "missing_input"))
        if isinstance(self.config, TextDataset):
            raw = to_text(column).fill_null("")
            content = raw.cast(pa.binary())
            empty = pc.or_(pc.utf8_is_space(raw), pc.equal(raw, ""))
        else:
            steps, lengths = self._read_series(column, ids)
            raw, content = nest_steps(steps, lengths), steps_to_bytes(steps, lengths)
            empty = pa.array(lengths == 0)
            bad_steps = np.flatnonzero(~np.isfinite(steps).all(axis=1))
            bad = np.zeros(len(lengths), np.bool_)
            bad[np.searchsorted(np.cumsum(lengths), bad_steps, side="right")] = True
            problems = pc.coalesce(problems, _name_where(pa.array(bad), "not_finite"))
        values = [pa.array(rows), ids, raw, content, empty, targets, problems]
        values += [
            to_text(batch.column(name)).fill_null("None") for name in self._split_columns.values()
        ]
        return pa.RecordBatch.from_arrays(values, schema=self.schema)

    def _read_ids(self, batch: pa.RecordBatch, numbers: NDArray[np.int64]) -> pa.Array:
        own = self.config.columns.id
        padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 6, "0")
        default = pc.binary_join_element_wise(self.part.name, padded, "-")
        if own is None:
            return default
        ids = to_text(batch.column(own))
        return pc.if_else(pc.equal(ids.fill_null(""), ""), default, ids)

    def _read_targets(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        try:
            return self.target.read([batch.column(name) for name in self.target.columns])
        except DataError as error:
            raise DataError(f"{self.part.origin}: {error}") from None

    def _read_series(self, column: pa.Array, ids: pa.Array) -> Steps:
        """Return the joined steps (all steps, channels), and the steps of each row, (rows,)."""
        layout = getattr(self.config.columns, "layout", "steps_first")
        joined = join_steps(column, self.channels) if layout == "steps_first" else None
        if joined is None:
            series = [
                self._convert_series(value, ids[row].as_py(), layout)
                for row, value in enumerate(column.to_pylist())
            ]
            empty = np.zeros((0, self.channels or 1), np.float32)
            steps = np.concatenate([values if len(values) else empty for values in series])
            return steps, np.array([len(values) for values in series], np.int64)
        if len(joined[0]):
            self.channels = joined[0].shape[1]
        return joined

    def _convert_series(self, value: Any, row_id: str, layout: str) -> NDArray[np.float32]:
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
                f"row {row_id}: column {self.input_column!r}: expected a list of steps, each a "
                f"list of one number a channel; got {error}. Change dataset.columns.series, or "
                "the row."
            ) from None
        steps = steps if layout == "steps_first" else steps.T
        self.channels = self.channels or steps.shape[1]
        if len(steps) and steps.shape[1] != self.channels:
            raise DataError(
                f"row {row_id}: expected {self.channels} channels, as in the rows before; got "
                f"{steps.shape[1]}. Change dataset.columns.layout, or the row."
            )
        return steps


def _name_where(mask: pa.Array, name: str) -> pa.Array:
    return pc.if_else(mask, name, pa.scalar(None, pa.string()))


def require_equal_channels(readers: Sequence[RowReader]) -> None:
    """Raise a DataError if the series of two parts differ in their number of channels."""
    channels = {reader.part.name: reader.channels for reader in readers}
    if len(set(channels.values()) - {None}) > 1:
        counts = ", ".join(f"{part}: {count}" for part, count in channels.items())
        raise DataError(
            "dataset.source.files: expected series with the same number of channels in each part; "
            f"got {counts}. Change the files."
        )


def read_rows(database: Database, readers: Sequence[RowReader], folder: Path) -> RowCopy:
    """Read each row once: make the table `rows`, and a copy of the rows in `folder`."""
    copy = RowCopy(folder)

    def read() -> Iterator[pa.RecordBatch]:
        for reader in readers:
            with tqdm(desc=f"reading {reader.part.name}", unit=" rows", disable=None) as progress:
                for batch in reader.read(len(copy)):
                    copy.add(reader.part.name, batch.select(["id", "raw"]))
                    yield batch
                    progress.update(len(batch))

    load(database, ROWS, readers[0].schema, read())
    copy.finish()
    return copy
