"""Conversions between NumPy arrays and Arrow's lists of steps."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SERIES = pa.list_(pa.list_(pa.float32()))
ROW_TYPE = {"text": pa.string(), "tokens": pa.string(), "series": SERIES}
Steps = tuple[NDArray[np.float32], NDArray[np.int64]]


def use_small_pool() -> None:
    """Let Arrow return freed memory; its default pool, mimalloc, retains about 50 MiB."""
    jemalloc = "jemalloc" in pa.supported_memory_backends()
    pa.set_memory_pool(pa.jemalloc_memory_pool() if jemalloc else pa.system_memory_pool())


def nest_steps(steps: NDArray[np.float32], lengths: NDArray[np.int64]) -> pa.Array:
    """Convert the joined steps of several rows to one list of steps a row.

    Args:
        steps: (all steps, channels).
        lengths: steps of each row, (rows,).
    """
    inner = np.arange(0, steps.size + 1, steps.shape[1], dtype=np.int32)
    outer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(outer, pa.ListArray.from_arrays(inner, steps.ravel()))


def steps_to_bytes(steps: NDArray[np.float32], lengths: NDArray[np.int64]) -> pa.Array:
    """Return the steps of each row as bytes; arguments as those of `nest_steps`."""
    width = steps.shape[1] * steps.itemsize
    offsets = (width * np.concatenate([[0], np.cumsum(lengths)])).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(steps))]
    return pa.Array.from_buffers(pa.binary(), len(lengths), buffers)


def to_text(column: pa.Array) -> pa.Array:
    """Convert each value with Python's `str`; null stays null."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_nested(column.type):
        return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    values = [None if v is None else str(v) for v in coded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(coded.indices)


def to_numbers(column: pa.Array) -> tuple[NDArray[np.float64], dict[int, Any]]:
    """Return the cells as numbers, (rows,), and by position those that are none.

    An empty cell is NaN, and so is one that is no number.
    """
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False), {}
    if pa.types.is_string(kind):
        trimmed = pc.utf8_trim_whitespace(column)
        try:
            filled = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
            return filled.cast(pa.float64()).to_numpy(zero_copy_only=False), {}
        except pa.ArrowInvalid:  # a cell is no number, or is in a form that only Python reads
            pass
    values, bad = np.full(len(column), np.nan), {}
    for row, cell in enumerate(column.to_pylist()):
        try:
            values[row] = np.nan if cell is None or str(cell).strip() == "" else float(cell)
        except (TypeError, ValueError):
            bad[row] = cell
    return values, bad


def split_steps(series: pa.Array) -> list[NDArray[np.float32]]:
    """Convert lists of steps, as `nest_steps` returns them, to an array of each row.

    Returns:
        One (steps, channels) array a row; if all rows are empty, they have one channel.
    """
    joined = join_steps(series, None)
    assert joined is not None
    steps, lengths = joined
    ends = np.cumsum(lengths)
    return [steps[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def join_steps(column: pa.Array, channels: int | None) -> Steps | None:
    """Join the steps of all rows.

    Args:
        channels: the width that each step must have; None for any.

    Returns:
        The steps (all steps, channels) and the number of steps of each row, (rows,); a null row has
        none, and a null number is NaN. None if the column holds neither lists of numbers nor lists
        of lists of numbers, or if a step of these is null or differs in width.
    """
    if not _is_list(column.type):
        return None
    steps = column.flatten()
    is_nested = _is_list(steps.type)
    cells = steps.flatten() if is_nested else steps
    is_number = pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)
    if not is_number or (is_nested and steps.null_count):
        return None
    lengths = pc.list_value_length(column).fill_null(0).to_numpy()
    width = 1
    if is_nested:
        widths = pc.list_value_length(steps).to_numpy()
        width = int(widths[0]) if len(widths) else channels or 1
        if not width or (widths != width).any():
            return None
    if (channels or width) != width:
        return None
    values = cells.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return values.reshape(-1, width), lengths.astype(np.int64)  # (all steps, channels), (rows,)


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
