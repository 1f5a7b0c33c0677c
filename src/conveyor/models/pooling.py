"""Pooling: features of all steps of a row become one vector."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from conveyor.extensions import make_row
from conveyor.models.masks import zero_padding

LOWEST = -6e4  # below every activation, and still a float16


def mean(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    """Return the mean over the steps of each row."""
    total = ops.sum(zero_padding(x, mask), axis=1)  # (batch, width)
    return total / ops.cast(ops.expand_dims(lengths, -1), total.dtype)


def maximum(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    """Return the largest value of each feature over the steps of each row."""
    return ops.max(ops.where(ops.expand_dims(mask, -1), x, ops.full_like(x, LOWEST)), axis=1)


def _mean_max(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    return ops.concatenate([mean(x, mask, lengths), maximum(x, mask, lengths)], axis=-1)


def _attention(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    scores = layers.Dense(1, name="attention")(x)  # (batch, time, 1)
    masked = ops.where(ops.expand_dims(mask, -1), scores, ops.full_like(scores, LOWEST))
    weights = layers.Softmax(axis=1, name="attention_weights")(masked)  # (batch, time, 1)
    return ops.sum(weights * x, axis=1)


# (batch, time, width), mask (batch, time) and lengths (batch,) -> (batch, pooled width)
KerasPooling = Callable[[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor], Any]
POOLINGS: dict[str, KerasPooling] = {
    "mean": mean, "max": maximum, "mean_max": _mean_max, "attention": _attention,
}  # fmt: skip


def find_pooling(name: str) -> KerasPooling:
    """Return a row of POOLINGS, or of the project's extensions.py, which has both forms."""
    return POOLINGS[name] if name in POOLINGS else make_row("POOLINGS", name)[0]
