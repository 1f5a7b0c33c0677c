"""Which steps of padded rows are no padding."""

from typing import Any

import keras
from keras import ops


def mask_of(steps: Any, lengths: keras.KerasTensor) -> Any:
    """Return bool (batch, time), true where a step is no padding.

    Args:
        steps: of any values, (batch, time, ...).
        lengths: steps of each row, int32 (batch,).
    """
    flat = steps if len(steps.shape) == 2 else steps[:, :, 0]  # (batch, time)
    step_number = ops.cumsum(ops.ones_like(flat, dtype="int32"), axis=1)  # 1, 2, ... along time
    return ops.less_equal(step_number, ops.expand_dims(lengths, 1))


def zero_padding(x: Any, mask: Any) -> Any:
    """Return the values (batch, time, width) with zeros where a step is padding."""
    return ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))
