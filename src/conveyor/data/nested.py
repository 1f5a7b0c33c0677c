"""Series as Arrow's nested lists and as flat arrays of steps."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SERIES = pa.list_(pa.list_(pa.float32()))
Steps = tuple[NDArray[np.float32], NDArray[np.int64]]


def nested(steps: NDArray[np.float32], lengths: NDArray[np.int64]) -> pa.Array:
    """Steps (all steps, channels) of rows behind one another as one list of steps a row."""
    inner = np.arange(0, steps.size + 1, steps.shape[1], dtype=np.int32)
    outer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(outer, pa.ListArray.from_arrays(inner, steps.ravel()))


def flat(series: pa.Array) -> Steps:
    """The reverse of `nested`; of rows that are all empty, the channels are one."""
    found = steps_of(series, None)
    assert found is not None
    return found


def steps_of(column: Any, channels: int | None) -> Steps | None:
    """Steps (all steps, channels) of the rows behind one another, and the steps of each row.

    Returns:
        None where the column is no list of lists of numbers, or where a step is null or has
        another width than the others, or than `channels`. A null row has no steps.
    """
    if not _is_list(column.type) or not _is_list(column.type.value_type):
        return None
    steps = column.flatten()
    numbers = steps.flatten()
    if steps.null_count or not (
        pa.types.is_floating(numbers.type) or pa.types.is_integer(numbers.type)
    ):
        return None
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    widths = pc.list_value_length(steps).to_numpy(zero_copy_only=False)
    width = int(widths[0]) if len(widths) else channels or 1
    if not width or (widths != width).any() or (channels or width) != width:
        return None
    values = numbers.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return values.reshape(-1, width), lengths.astype(np.int64)


def _is_list(kind: Any) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
