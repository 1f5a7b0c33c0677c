"""Reads the inputs, targets and groups of rows from the columns of a source."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesDataset, TextColumns, TextDataset
from conveyor.data.arrow import ROW_TYPE, join_steps, steps_to_bytes, to_text
from conveyor.data.copy import RowCopy
from conveyor.data.database import Database, load
from conveyor.data.inputs import Inputs, SeriesReader, open_reader
from conveyor.data.row_estimate import estimate_rows
from conveyor.data.rules import ROWS
from conveyor.data.sources import Part
from conveyor.data.split_columns import SplitColumns
from conveyor.data.static import join_content, read_static, static_type
from conveyor.data.step_targets import require_equal_steps
from conveyor.data.table import is_mixed
from conveyor.encoding.characters import find_blank
from conveyor.errors import DataError, quote, quote_names
from conveyor.progress import progress_bar
from conveyor.tasks.task import load_target


class RowReader:
    """Reads the rows of one part of a source, in its order.

    Args:
        part: has a row for each series; see `long_format.nest`.
    """

    def __init__(self, config: TextDataset | SeriesDataset, part: Part) -> None:
        self.config, self.part = config, part
        by_tokens = config.target.per_step
        self.inputs = open_reader(config.columns, part.columns, by_tokens=by_tokens)
        self.split = SplitColumns(config.split, part)
        self.target = load_target(config.target, part.value_names, config.kind)
        self.static = config.columns.static

    @property
    def channels(self) -> int | None:
        """Of a series; None for text, and until a series with a step is read."""
        return self.inputs.channels if isinstance(self.inputs, SeriesReader) else None

    @property
    def wide(self) -> str | None:
        """The pattern of the columns of a wide table; None for other layouts."""
        return self.config.columns.wide if isinstance(self.config, SeriesDataset) else None

    @property
    def other_columns(self) -> list[str]:
        """Columns that the part must have beside those of the inputs."""
        names = [*self.target.columns, *self.static.names, *self.split.names.values()]
        names += [] if self.config.columns.id is None else [self.config.columns.id]
        return list(dict.fromkeys(names))

    def require_static_apart(self) -> None:
        """Raise a DataError if a static column is the target or a part of the sequence, or if it
        says which row this is: a network would learn ids by heart."""
        columns = self.config.columns
        long = None if isinstance(columns, TextColumns) else columns.long
        others = [*self.inputs.columns, *self.target.columns]
        others += [] if long is None else [long.id, long.order, *long.channels]
        twice = [name for name in self.static.names if name in others]
        if twice:
            raise DataError(
                "dataset.columns.static: expected columns beside the sequence and the target; got "
                f"{twice[0]!r}, which is one of these. Remove it from the list."
            )
        roles = {columns.id: "columns.id"}
        for name, column in self.split.names.items():
            roles[column] = "split.group" if name == "group" else f"split.{name}.column"
        for name in self.static.names:
            if name in roles:
                raise DataError(
                    "dataset.columns.static: expected columns that describe a row; got "
                    f"{name!r}, which is dataset.{roles[name]}. Remove it from the list."
                )

    def require_columns(self) -> None:
        """Raise a DataError if the part lacks a column, or if one has two meanings."""
        if self.wide is not None:
            if not self.inputs.columns:
                raise DataError(
                    f"{self.part.origin}: expected columns that match {self.wide!r}, one for each "
                    f"step; got columns {quote_names(self.part.columns)}. Change "
                    "dataset.columns.wide."
                )
            twice = [name for name in self.other_columns if name in self.inputs.columns]
            if twice:
                raise DataError(
                    f"{self.part.origin}: expected columns of values; {self.wide!r} also matches "
                    f"{twice[0]!r}, which has another meaning. Change dataset.columns.wide."
                )
        self.part.require([*self.inputs.columns, *self.other_columns])

    @property
    def schema(self) -> pa.Schema:
        """Of the batches that `read` yields."""
        fields = {
            "row": pa.int64(), "id": pa.string(), "raw": ROW_TYPE[self.config.kind],
            "content": pa.binary(), "target": self.target.key_type, "problem": pa.string(),
        }  # fmt: skip
        if self.static.names:
            fields["static"] = static_type(self.static)
        return pa.schema(fields | self.split.types)

    def read(self, start: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows, batch by batch.

        `row` is the row's number, from `start` on. `id` is that of the source, else made of the
        row's position. `raw` is a string or a list of steps, each a list of float32 channels, and
        empty if missing; `content` is the same as bytes. `problem` says why a row cannot be used.
        `static` are the values of the static columns, if there are any; they are in `content` too.
        `test`, `validation` and `group` are what `SplitColumns` reads, if the split has them.

        Raises:
            DataError: a series is no list of steps, its steps differ in width, or a target or time
                cannot be read.
        """
        first = 0
        names = list(dict.fromkeys([*self.inputs.columns, *self.other_columns]))
        for batch in self.part.read(names):
            numbers = np.arange(first, first + len(batch))
            yield self._read_batch(batch, numbers, start + numbers)
            first += len(batch)

    def _read_batch(
        self, batch: pa.RecordBatch, numbers: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> pa.RecordBatch:
        self._require_plain(batch)
        ids = self._read_ids(batch, numbers)
        targets, problems = self._read_targets(batch)
        inputs = self._read_inputs(batch)
        if inputs.errors:
            row = min(inputs.errors)
            raise DataError(f"row {ids[row].as_py()}: {inputs.errors[row]}")
        problems = pc.coalesce(problems, _name_where(inputs.missing, "missing_input"))
        if isinstance(self.config, TextDataset):
            content = inputs.raw.cast(pa.binary())
            empty = find_blank(inputs.raw, unescape_html=self.config.encoding.unescape_html)
            problems = pc.coalesce(problems, _name_where(empty, "empty_input"))
        else:
            content, own = self._check_series(inputs.raw)
            problems = pc.coalesce(problems, own)
        if self.target.per_step:
            require_equal_steps(self.part, numbers, inputs.raw, targets, problems)
        static = []
        if self.static.names:
            values, own = self._read_static(batch)
            problems, content = pc.coalesce(problems, own), join_content(values, content)
            static = [values]
        split, own = self.split.read(batch, numbers, rows)
        problems = pc.coalesce(problems, own)
        values = [pa.array(rows), ids, inputs.raw, content, targets, problems, *static, *split]
        return pa.RecordBatch.from_arrays(values, schema=self.schema)

    def _check_series(self, raw: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return the series as bytes, and the name of the problem of each, or null."""
        joined = join_steps(raw, None)
        assert joined is not None
        steps, lengths = joined
        problems = _name_where(pa.array(lengths == 0), "empty_input")
        tests = {"not_finite": np.isinf(steps)}
        if isinstance(self.config, SeriesDataset) and self.config.encoding.missing == "refuse":
            tests["missing_values"] = np.isnan(steps)
        ends = np.cumsum(lengths)
        for name, cells in tests.items():
            bad = np.zeros(len(lengths), np.bool_)
            bad[np.searchsorted(ends, np.flatnonzero(cells.any(axis=1)), side="right")] = True
            problems = pc.coalesce(problems, _name_where(pa.array(bad), name))
        return steps_to_bytes(steps, lengths), problems

    def _require_plain(self, batch: pa.RecordBatch) -> None:
        """Raise a DataError if a list or an object is among texts, targets or static values."""
        texts = self.inputs.columns if isinstance(self.config, TextDataset) else []
        for name in [*texts, *self.target.columns, *self.static.names]:
            column = batch.column(name)
            if is_mixed(batch.schema.field(name)):
                bracketed = column.filter(pc.match_substring_regex(column, r"^[\[{]"))
                raise DataError(
                    f"{self.part.origin}: column {name!r}: expected texts or numbers; some rows "
                    f"have a list or an object, such as {quote(bracketed[0].as_py())}. Change the "
                    "rows, or name another column."
                )

    def _read_ids(self, batch: pa.RecordBatch, numbers: NDArray[np.int64]) -> pa.Array:
        own = self.config.columns.id
        padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 6, "0")
        default = pc.binary_join_element_wise(self.part.name, padded, "-")
        if own is None:
            return default
        ids = to_text(batch.column(own))
        return pc.if_else(pc.equal(ids.fill_null(""), ""), default, ids)

    def _read_static(self, batch: pa.RecordBatch) -> tuple[pa.StructArray, pa.Array]:
        try:
            return read_static(batch, self.static)
        except DataError as error:
            raise DataError(f"{self.part.origin}: {error}") from None

    def _read_inputs(self, batch: pa.RecordBatch) -> Inputs:
        try:
            return self.inputs.read(batch)
        except DataError as error:
            raise DataError(f"{self.part.origin}: {error}") from None

    def _read_targets(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        try:
            return self.target.read([batch.column(name) for name in self.target.columns])
        except DataError as error:
            raise DataError(f"{self.part.origin}: {error}") from None


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
    copy, schema = RowCopy(folder), readers[0].schema
    in_table = [name for name in schema.names if name != "static"]

    def read() -> Iterator[pa.RecordBatch]:
        for reader in readers:
            total = estimate_rows(reader.part.files)
            with progress_bar(f"reading {reader.part.name}", " rows", total) as progress:
                for batch in reader.read(len(copy)):
                    copy.add(reader.part.name, batch)
                    yield batch.select(in_table)
                    progress.update(len(batch))

    load(database, ROWS, pa.schema([schema.field(name) for name in in_table]), read())
    copy.finish()
    return copy
