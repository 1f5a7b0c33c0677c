"""Long format: one row a time step. Becomes one nested row a series."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import LongLayout
from conveyor.data.arrow import nest_steps, to_text
from conveyor.data.sources import Part, limit_size
from conveyor.data.times import CellError, sort_keys
from conveyor.errors import DataError


def nest(part: Part, layout: LongLayout, constant: Sequence[str]) -> Part:
    """Gather the steps of each id, ordered by time.

    Args:
        constant: columns that must be constant within a series (label, group, split).

    Returns:
        A part of the columns `series`, the id's and `constant`, in order of each id's first row.

    Raises:
        DataError: an id or a time is missing, a time or a channel cannot be read, or a constant
            column changes within a series.
    """
    constant = [name for name in dict.fromkeys(constant) if name != layout.id]
    wanted = list(dict.fromkeys([layout.id, layout.order, *layout.channels, *constant]))
    columns = _read(part, wanted)
    ids, series = _series_of(part, columns[layout.id], layout.id)
    try:
        times = sort_keys(columns[layout.order], layout.time_format)
    except CellError as error:
        raise _cell_error(part, error, layout.order) from None
    channels = [_channel(part, columns[name], name) for name in layout.channels]

    order = np.lexsort((times, series))  # by series, then by time; equal times keep their order
    steps = np.stack(channels, axis=1)[order]  # (all steps, channels)
    lengths = np.bincount(series)
    starts = np.cumsum(lengths) - lengths
    first = order[starts]  # a row of each series
    for name in constant:
        _require_constant(columns[name], name, series, first, ids)
    table = pa.table(
        {"series": nest_steps(steps, lengths), layout.id: ids}
        | {name: columns[name].take(first) for name in constant}
    )
    return replace(
        part, columns=table.column_names,
        read=lambda names: limit_size(table.select(list(names)).to_batches()),
    )  # fmt: skip


def _read(part: Part, wanted: Sequence[str]) -> dict[str, Any]:
    """Each column whole; as text where its type changes between batches."""
    batches = list(part.read(wanted))
    columns = {}
    for name in wanted:
        pieces = [batch.column(name) for batch in batches]
        try:
            tables = [pa.table({name: piece}) for piece in pieces]
            whole = pa.concat_tables(tables, promote_options="permissive").column(name)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            whole = pa.chunked_array([to_text(piece) for piece in pieces])
        columns[name] = whole.combine_chunks()
    return columns


def _series_of(part: Part, column: pa.Array, name: str) -> tuple[pa.Array, NDArray[np.int64]]:
    """Ids in order of their first rows, and for each row, (rows,), the position of its id."""
    ids = to_text(column).fill_null("")
    row = pc.index(pc.equal(pc.utf8_trim_whitespace(ids), ""), True).as_py()
    if row >= 0:
        reason = "expected the id of a series; got an empty cell. Fill it, or remove the row."
        raise _cell_error(part, CellError(row, reason), name)
    series = ids.dictionary_encode()
    return series.dictionary, series.indices.to_numpy().astype(np.int64)


def _channel(part: Part, column: pa.Array, name: str) -> NDArray[np.float32]:
    """Values of one channel, (rows,); NaN for an empty cell."""
    values = np.empty(len(column), np.float32)
    for row, cell in enumerate(column.to_pylist()):
        try:
            values[row] = np.nan if cell is None or cell == "" else float(cell)
        except (TypeError, ValueError):
            reason = f"expected a number; got {cell!r}. If it means none, name it in "
            reason += "dataset.source.missing; else change the cell, or dataset.columns.long."
            raise _cell_error(part, CellError(row, reason), name) from None
    return values


def _require_constant(
    column: pa.Array, name: str, series: NDArray[np.int64], first: NDArray[np.int64],
    ids: pa.Array,
) -> None:  # fmt: skip
    cells = to_text(column).fill_null("None")
    changed = pc.index(pc.not_equal(cells, cells.take(pa.array(first[series]))), True).as_py()
    if changed >= 0:
        number = int(series[changed])
        values = sorted(pc.unique(cells.filter(pa.array(series == number))).to_pylist())
        raise DataError(
            f"series {ids[number].as_py()!r}: column {name!r}: expected the same value in each "
            f"row; got {len(values)} values ({', '.join(values[:3])}). Change "
            "dataset.columns.long.id, or the cells."
        )


def _cell_error(part: Part, error: CellError, column: str) -> DataError:
    return DataError(f"{part.locate(error.row)}: column {column!r}: {error}")
