"""Long format: one row a time step. Becomes one nested row a series."""

from typing import Any

import numpy as np
import pyarrow as pa

from conveyor.config.dataset import LongLayout
from conveyor.data.errors import DataError
from conveyor.data.sources import Part, of_table


def nest(part: Part, layout: LongLayout, keep: list[str]) -> Part:
    """Gather the steps of each id, sorted by `order`.

    Args:
        keep: columns that must be constant within a series (label, group, split).

    Returns:
        A part of the columns `series`, the id's and `keep`, in order of each id's first row.

    Raises:
        DataError: a kept column changes within a series, or a channel or order is no number.
    """
    keep = [name for name in dict.fromkeys(keep) if name != layout.id]
    wanted = list(dict.fromkeys([layout.id, layout.order, *layout.channels, *keep]))
    columns: dict[str, Any] = pa.Table.from_batches(part.read(wanted)).to_pydict()
    ids = np.array([str(value) for value in columns[layout.id]])
    names, first, owner = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))  # names come sorted; series keep the file's order
    order = np.lexsort((_sortable(columns[layout.order]), rank[owner]))
    values = np.stack([_numbers(columns[name], name) for name in layout.channels], axis=1)[order]
    counts = np.bincount(rank[owner])
    starts = np.concatenate([[0], np.cumsum(counts)])
    kept = {name: [columns[name][order[s]] for s in starts[:-1]] for name in keep}
    for name in keep:
        _require_constant(name, [columns[name][i] for i in order], starts, names[np.argsort(rank)])
    steps = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), len(layout.channels))
    nested = pa.ListArray.from_arrays(
        pa.array(starts, pa.int32()), steps.cast(pa.list_(pa.float32()))
    )
    table = pa.table({"series": nested, layout.id: names[np.argsort(rank)], **kept})
    return of_table(part.name, table)


def _sortable(values: list[Any]) -> np.ndarray:
    try:
        return np.array([float(value) for value in values])
    except (TypeError, ValueError):
        return np.array([str(value) for value in values])  # ISO dates and times sort as text


def _numbers(values: list[Any], name: str) -> np.ndarray:
    try:
        return np.array(
            [np.nan if v is None or v == "" else float(v) for v in values], dtype=np.float32
        )
    except (TypeError, ValueError) as error:
        raise DataError(f"channel column {name!r} must hold numbers: {error}") from None


def _require_constant(name: str, values: list[Any], starts: np.ndarray, ids: np.ndarray) -> None:
    for series, start, end in zip(ids, starts[:-1], starts[1:], strict=True):
        if len(different := {str(value) for value in values[start:end]}) > 1:
            raise DataError(
                f"series {str(series)!r}: column {name!r} has {len(different)} values "
                f"({', '.join(sorted(different)[:3])}); a series has one"
            )
