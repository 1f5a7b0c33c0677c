"""Arrow's arrays to NumPy's and back.

`pa.array`, `to_numpy` and all that calls them import pandas where it is installed, which takes
longer than to prepare some thousand rows. Where there are no nulls, nothing here does.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SERIES = pa.list_(pa.list_(pa.float32()))
Steps = tuple[NDArray[np.float32], NDArray[np.int64]]


def use_small_pool() -> None:
    """Let Arrow give back what it has freed; its usual pool, mimalloc, keeps some 50 MiB of it."""
    known = "jemalloc" in pa.supported_memory_backends()
    pa.set_memory_pool(pa.jemalloc_memory_pool() if known else pa.system_memory_pool())


def numbers(values: NDArray[Any]) -> pa.Array:
    """Numbers without nulls."""
    kind = pa.from_numpy_dtype(values.dtype)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)


def texts(values: Iterable[str]) -> pa.Array:
    """Strings without nulls; a batch of them, at most 2 GiB."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    content = pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), content)


def plain(column: pa.Array) -> NDArray[Any]:
    """Numbers as NumPy's; NaN for null."""
    return column.to_numpy(zero_copy_only=False) if column.null_count else np.from_dlpack(column)


def chosen(column: pa.Array, mask: NDArray[np.bool_]) -> pa.Array:
    """The values where `mask` is true."""
    return column.take(numbers(np.flatnonzero(mask)))


def no_null(column: pa.Array, instead: Any) -> pa.Array:
    """The values, `instead` of null."""
    return column.fill_null(instead) if column.null_count else column


def nested(steps: NDArray[np.float32], lengths: NDArray[np.int64]) -> pa.Array:
    """Steps (all steps, channels) of rows behind one another as one list of steps a row."""
    inner = np.arange(0, steps.size + 1, steps.shape[1], dtype=np.int32)
    outer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    inside = pa.ListArray.from_arrays(numbers(inner), numbers(steps.ravel()))
    return pa.ListArray.from_arrays(numbers(outer), inside)


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
    flat = steps.flatten()
    if steps.null_count or not (pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)):
        return None
    lengths = plain(no_null(pc.list_value_length(column), 0))
    widths = plain(pc.list_value_length(steps))
    width = int(widths[0]) if len(widths) else channels or 1
    if not width or (widths != width).any() or (channels or width) != width:
        return None
    values = plain(flat).astype(np.float32, copy=False)
    return values.reshape(-1, width), lengths.astype(np.int64)


def _is_list(kind: Any) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
