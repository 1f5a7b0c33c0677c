"""Reads raw rows, texts or series, from columns in any layout of `dataset.columns`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import SeriesColumns, TextColumns
from conveyor.data.arrow import Steps, join_steps, nest_steps, to_numbers, to_text
from conveyor.encoding.series_values import Orientation, describe_value, parse_series
from conveyor.encoding.wide_columns import match_wide
from conveyor.errors import DataError
from conveyor.tokens import is_token, join_tokens

# The column of the series whose steps were gathered from several rows; no file has such a name.
NESTED = "(steps of a series)"


@dataclass(frozen=True)
class Inputs:
    """The raw rows of a batch.

    Attributes:
        raw: strings, or lists of steps, each a list of float32 channels; empty where a row is
            missing, empty or in `errors`. A missing value of a series is NaN.
        missing: rows whose cells are null, (rows,).
        errors: by position, why a row cannot be read.
    """

    raw: pa.Array
    missing: pa.Array
    errors: dict[int, str]


class TextReader:
    """Reads texts from one column or several.

    Args:
        by_tokens: a cell may be a list of tokens, which become a text with spaces between them.

    Raises:
        DataError: while it reads: a column holds objects, lists or bytes, or a list has an element
            that is no token.
    """

    def __init__(self, columns: TextColumns, *, by_tokens: bool) -> None:
        self.columns, self._separator = columns.text_columns, columns.separator
        self._by_tokens = by_tokens

    def read(self, batch: pa.RecordBatch) -> Inputs:
        [first, *_] = [batch.column(name) for name in self.columns]
        if self._by_tokens and _is_list_of_texts(first.type):
            return _join_tokens(first, self.columns[0])
        for name in self.columns:
            _require_text(name, batch.column(name).type)
        cells = [to_text(batch.column(name)) for name in self.columns]
        text, missing = cells[0], cells[0].is_null()
        for cell in cells[1:]:
            missing = pc.and_(missing, cell.is_null())
            first, second = _blank_to_null(text), _blank_to_null(cell)
            both = pc.binary_join_element_wise(first, second, self._separator)
            text = pc.coalesce(both, first, second)
        return Inputs(text.fill_null(""), missing, {})


def _is_list_of_texts(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return is_list and (pa.types.is_string(kind.value_type) or pa.types.is_null(kind.value_type))


def _join_tokens(column: pa.Array, name: str) -> Inputs:
    texts, errors = [], {}
    for row, tokens in enumerate(column.to_pylist()):
        bad = [token for token in tokens or () if not is_token(token)]
        if bad:
            errors[row] = (
                f"column {name!r}: expected tokens, texts without white space; got {bad[0]!r}. "
                "Change the row."
            )
        texts.append("" if bad else join_tokens(tokens or ()))
    return Inputs(pa.array(texts, pa.string()), column.is_null(), errors)


def _require_text(name: str, kind: pa.DataType) -> None:
    """Raise a DataError if the cells would be read as Python writes such values."""
    got = None
    if isinstance(kind, pa.StructType):
        keys = [kind.field(number).name for number in range(kind.num_fields)]
        got = f"objects with keys {', '.join(keys[:8])}{' ...' if len(keys) > 8 else ''}"
    elif pa.types.is_nested(kind):
        got = f"lists ({kind})"
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        got = "bytes"
    if got is not None:
        raise DataError(
            f"column {name!r}: expected text; got {got}. Write the text into a column of its own."
        )


def _blank_to_null(cells: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(cells), ""), None, cells)


class SeriesReader:
    """Reads series from one nested column, or from a column for each step.

    Args:
        names: all columns of the source.

    Attributes:
        channels: of a series; None until a series with a step is read.
    """

    def __init__(self, columns: SeriesColumns, names: Sequence[str]) -> None:
        self.channels: int | None = None if columns.wide is None else 1
        self._layout: Orientation = columns.layout
        self._wide = columns.wide
        if columns.wide is None:
            self.columns = [columns.series or NESTED]
        else:
            self.columns = match_wide(columns.wide, names)

    def read(self, batch: pa.RecordBatch) -> Inputs:
        errors: dict[int, str] = {}
        if self._wide is not None:
            steps, lengths = self._read_wide(batch, errors)
            missing = pa.array(np.zeros(len(batch), np.bool_))  # a row without values is empty
        else:
            column = batch.column(self.columns[0])
            steps, lengths = self._read_nested(column, errors)
            missing = column.is_null()
        return Inputs(nest_steps(steps, lengths), missing, errors)

    def _read_nested(self, column: pa.Array, errors: dict[int, str]) -> Steps:
        """Return the joined steps (all steps, channels), and the steps of each row, (rows,)."""
        joined = join_steps(column, self.channels) if self._layout == "steps_first" else None
        if joined is not None:
            if len(joined[0]):
                self.channels = joined[0].shape[1]
            return joined
        series = []
        for row, value in enumerate(column.to_pylist()):
            steps = np.zeros((0, 1))
            if value is not None and value != "":
                try:
                    steps = self._parse(value)
                except DataError as error:
                    errors[row] = str(error)
            series.append(steps)
        empty = np.zeros((0, self.channels or 1))
        joined_steps = np.concatenate([steps if len(steps) else empty for steps in series])
        lengths = np.array([len(steps) for steps in series], np.int64)
        return joined_steps.astype(np.float32), lengths

    def _parse(self, value: object) -> NDArray[np.float64]:
        try:
            steps = parse_series(value, self._layout)
        except (TypeError, ValueError):
            raise DataError(
                f"column {self.columns[0]!r}: expected a list of steps, each a list of one number "
                f"a channel, or of one channel a list of numbers; got {describe_value(value)}. "
                "Change dataset.columns.series, or the row."
            ) from None
        if not len(steps):
            return steps
        self.channels = self.channels or steps.shape[1]
        if steps.shape[1] != self.channels:
            raise DataError(
                f"expected {self.channels} channels, as in the rows before; got "
                f"{steps.shape[1]}. Change dataset.columns.layout, or the row."
            )
        return steps

    def _read_wide(self, batch: pa.RecordBatch, errors: dict[int, str]) -> Steps:
        """Return the steps of each row up to its last one that has a value."""
        cells = np.empty((len(batch), len(self.columns)), np.float32)  # (rows, steps)
        for position, name in enumerate(self.columns):
            cells[:, position], bad = to_numbers(batch.column(name))
            for row, cell in bad.items():
                errors.setdefault(row, f"column {name!r}: expected a number; got {cell!r}. If "
                                       "it means none, name it in dataset.source.missing; else "
                                       "change the cell, or dataset.columns.wide.")  # fmt: skip
        cells[list(errors)] = np.nan
        steps = np.arange(1, cells.shape[1] + 1)
        lengths = (~np.isnan(cells) * steps).max(axis=1)  # (rows,)
        return cells[steps <= lengths[:, None]][:, None], lengths.astype(np.int64)


InputReader = TextReader | SeriesReader


def open_reader(
    columns: TextColumns | SeriesColumns, names: Sequence[str], *, by_tokens: bool
) -> InputReader:
    """Return the reader of a layout, for a source that has the columns `names`; `by_tokens` as in
    `TextReader`."""
    if isinstance(columns, TextColumns):
        return TextReader(columns, by_tokens=by_tokens)
    return SeriesReader(columns, names)
