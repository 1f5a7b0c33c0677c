"""Long format: one row a time step. Becomes one nested row a series."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.config.dataset import LongLayout
from conveyor.data.arrow import nest_steps, to_numbers, to_text
from conveyor.data.inputs import NESTED
from conveyor.data.sources import Part, limit_size
from conveyor.data.step_targets import gather
from conveyor.data.steps import SortedSteps, count_gaps
from conveyor.data.times import CellError, read_times
from conveyor.errors import DataError

TIME_FORMAT = "dataset.columns.long.time_format"


def nest(
    part: Part, layout: LongLayout, constant: Sequence[str], by_step: Sequence[str] = ()
) -> tuple[Part, Counter[str]]:
    """Gather the steps of each id, ordered by time.

    Args:
        constant: columns of one value a series (target, group, split), which its other rows may
            leave empty; of the column of times, it is the last one that counts.
        by_step: columns of one value a step, which become lists.

    Returns:
        A part of the columns NESTED, the id's and all others, in order of each id's first row;
        and the counts of steps at the time of another one and of gaps, see `steps.count_gaps`.

    Raises:
        DataError: an id or a time is missing, a time or a channel cannot be read, a constant
            column has two values within a series, or two steps of a series have the same time and
            `layout.duplicates` is "refuse".
    """
    others = [name for name in dict.fromkeys(constant) if name not in (layout.id, *by_step)]
    constant = [name for name in others if name != layout.order]
    wanted = list(dict.fromkeys([layout.id, layout.order, *layout.channels, *constant, *by_step]))
    columns = read_columns(part, wanted)
    ids, series = read_ids(part, columns[layout.id], layout.id)
    try:
        times = read_times(columns[layout.order], layout.time_format, TIME_FORMAT).keys
    except CellError as error:
        raise cell_error(part, error, layout.order) from None
    channels = [
        read_channel(part, columns[name], name, "dataset.columns.long") for name in layout.channels
    ]

    order = np.lexsort((times, series))  # by series, then by time; equal times keep their order
    steps = SortedSteps(series[order], times[order], np.stack(channels, axis=1)[order])
    lengths = np.bincount(series)
    starts = np.cumsum(lengths) - lengths
    first = order[starts]  # a row of each series
    rows = {
        name: rows_of_values(columns[name], name, series, first, ids, "dataset.columns.long.id")
        for name in constant
    }
    repeated = steps.repeated()
    if layout.duplicates == "refuse" and repeated.any():
        row = int(order[repeated].min())
        time = columns[layout.order][row].as_py()
        reason = (
            f"expected one step of series {ids[int(series[row])].as_py()!r} at each time; got "
            f"another one at {str(time)!r} ({int(repeated.sum())} in all). Remove the row, or set "
            "dataset.columns.long.duplicates to mean or keep."
        )
        raise cell_error(part, CellError(row, reason), layout.order)
    if layout.duplicates == "mean":
        steps = steps.average(repeated)
    counts = Counter(duplicate_steps=int(repeated.sum())) + count_gaps(steps)
    last = order[starts + lengths - 1]
    table = pa.table(
        {NESTED: nest_steps(steps.values, np.bincount(steps.series)), layout.id: ids}
        | {name: columns[name].take(pa.array(rows.get(name, last))) for name in others}
        | {name: gather(columns[name], order, lengths) for name in by_step}
    )
    nested = replace(
        part, columns=table.column_names,
        read=lambda names: limit_size(table.select(list(names)).to_batches()),
        locate=lambda row: f"{part.origin}, series {ids[row].as_py()!r}",
    )  # fmt: skip
    return nested, counts


def read_columns(part: Part, wanted: Sequence[str]) -> dict[str, Any]:
    """Each column whole; as text where its type changes between batches."""
    batches = list(part.read(wanted))
    if not batches:
        return {name: pa.array([], pa.string()) for name in wanted}
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


def read_ids(part: Part, column: pa.Array, name: str) -> tuple[pa.Array, NDArray[np.int64]]:
    """Ids in order of their first rows, and for each row, (rows,), the position of its id."""
    ids = to_text(column).fill_null("")
    row = pc.index(pc.equal(pc.utf8_trim_whitespace(ids), ""), True).as_py()
    if row >= 0:
        reason = "expected the id of a series; got an empty cell. Fill it, or remove the row."
        raise cell_error(part, CellError(row, reason), name)
    series = ids.dictionary_encode()
    return series.dictionary, series.indices.to_numpy().astype(np.int64)


def read_channel(part: Part, column: pa.Array, name: str, setting: str) -> NDArray[np.float32]:
    """Values of one channel, (rows,); NaN for an empty cell.

    Args:
        setting: that names the column, for messages.
    """
    values, bad = to_numbers(column)
    for row, cell in bad.items():
        reason = f"expected a number; got {cell!r}. If it means none, name it in "
        reason += f"dataset.source.missing; else change the cell, or {setting}."
        raise cell_error(part, CellError(row, reason), name)
    return values.astype(np.float32)


def rows_of_values(
    column: pa.Array, name: str, series: NDArray[np.int64], first: NDArray[np.int64],
    ids: pa.Array, setting: str,
) -> NDArray[np.int64]:  # fmt: skip
    """Return for each series, (series,), the first row that has a value; if none has, `first`.

    Args:
        setting: that names the column of `ids`, for messages.

    Raises:
        DataError: a series has two values.
    """
    cells = to_text(column).fill_null("")
    empty = pc.equal(pc.utf8_trim_whitespace(cells), "")
    filled = np.flatnonzero(~empty.to_numpy(zero_copy_only=False))
    rows = first.copy()
    rows[series[filled[::-1]]] = filled[::-1]
    changed = pc.index(pc.not_equal(cells.take(filled), cells.take(rows[series[filled]])), True)
    if changed.as_py() >= 0:
        number = int(series[filled[changed.as_py()]])
        values = sorted(pc.unique(cells.take(filled[series[filled] == number])).to_pylist())
        raise DataError(
            f"series {ids[number].as_py()!r}: column {name!r}: expected the same value in each "
            f"row; got {len(values)} values ({', '.join(values[:3])}). Change {setting}, or the "
            "cells."
        )
    return rows


def cell_error(part: Part, error: CellError, column: str) -> DataError:
    return DataError(f"{part.locate(error.row)}: column {column!r}: {error}")
