"""Targets and outputs that have a value for each step of a row, where other tasks have one a row.

Such an array has the axis (rows,) only and holds objects: for each row an array of its own, whose
first axis is (steps,). Rows are selected, joined and counted as in any other array.
"""

from collections.abc import Iterable, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PADDING = -1  # target of a step that is padding


def as_rows(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return one array of objects, (rows,), of the arrays of the rows.

    >>> as_rows([np.zeros(2), np.zeros(2)]).shape
    (2,)
    """
    rows = np.empty(len(parts), object)  # np.array would stack parts of equal shape
    for number, part in enumerate(parts):
        rows[number] = part
    return rows


def has_steps(values: NDArray[Any]) -> bool:
    """Return whether an array has values for each step."""
    return values.dtype == object


def split_steps(values: NDArray[Any], lengths: ArrayLike) -> NDArray[Any]:
    """Return the rows, as views, of values (all steps, ...) that stand one after another.

    Args:
        lengths: steps of each row, (rows,).
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    starts = ends - np.asarray(lengths, np.int64)
    return as_rows([values[start:end] for start, end in zip(starts, ends, strict=True)])


def join_steps(rows: NDArray[Any]) -> NDArray[Any]:
    """Return the values of all rows one after another, (all steps, ...); there is a row."""
    return np.concatenate(list(rows))


def count_steps(rows: Iterable[Sized]) -> NDArray[np.int64]:
    """Return the steps of each row, (rows,)."""
    return np.array([len(row) for row in rows], np.int64)


def cut_padding(values: NDArray[Any], lengths: ArrayLike) -> NDArray[Any]:
    """Return the rows of a padded batch (batch, time, ...) without their padding.

    Args:
        lengths: steps of each row, (batch,).
    """
    pairs = zip(values, np.asarray(lengths).tolist(), strict=True)
    return as_rows([row[:length].copy() for row, length in pairs])  # a view would keep the padding


def pad_steps(rows: NDArray[Any]) -> NDArray[Any]:
    """Return the targets of rows as one batch, (batch, longest), padded with PADDING."""
    lengths = count_steps(rows)
    batch = np.full((len(rows), lengths.max()), PADDING, rows[0].dtype)
    batch[np.arange(lengths.max()) < lengths[:, None]] = join_steps(rows)
    return batch


def empty_outputs(rows: int, width: int, dtype: Any, *, per_step: bool) -> NDArray[Any]:
    """Return outputs to be filled by `set_outputs`: zeros (rows, width), or rows without steps."""
    if per_step:
        return as_rows([np.zeros((0, width), dtype)] * rows)
    return np.zeros((rows, width), dtype)


def set_outputs(
    outputs: NDArray[Any], rows: NDArray[np.integer], batch: NDArray[Any], lengths: ArrayLike
) -> None:
    """Write what a network gives for a batch to these rows of the outputs.

    Args:
        batch: (batch, width), or (batch, time, width) with padding.
        lengths: steps of each row of the batch, (batch,).
    """
    outputs[rows] = cut_padding(batch, lengths) if has_steps(outputs) else batch
