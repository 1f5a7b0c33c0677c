"""A stack of recurrent layers from the configuration. The architecture is all here."""

import logging
from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from conveyor.config import Cell, Model
from conveyor.models.devices import gpus
from conveyor.models.kernels import fused
from conveyor.models.kernels.library import KernelError, operators

log = logging.getLogger(__name__)

CELLS: dict[Cell, Callable[..., layers.Layer]] = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "simple": layers.SimpleRNN,
}
LOWEST = -6e4  # below every activation, and still a float16
GATED: tuple[Cell, ...] = ("lstm", "gru")  # the cells that have a recurrent activation


def build(
    config: Model, *, classes: int, features: int | None = None, vocabulary: int | None = None
) -> keras.Model:
    """Stack `config.units` under pooling and a softmax.

    Exactly one of `features` (channels of a series) and `vocabulary` (tokens, the padding token
    included) says what comes in.

    Returns:
        A model of two inputs, {"values": float32 (batch, time, features) or int32 (batch, time),
        "lengths": int32 (batch,)}, rows padded on the right, each at least one step long; and one
        output, probabilities float32 (batch, classes). Padding a row further changes nothing.
        With `kernel=keras` made of stock Keras layers and operations, so that its file loads
        without this package. Weights are the same with every kernel.

    Raises:
        KernelError: `kernel=fused`, and it cannot be compiled or loaded here.
    """
    lengths = keras.Input((), dtype="int32", name="lengths")
    if vocabulary is not None:
        values = keras.Input((None,), dtype="int32", name="values")
        x = layers.Embedding(vocabulary, config.embedding, name="embedding")(values)
    else:
        x = values = keras.Input((None, features), name="values")
    cells = values if vocabulary is not None else values[:, :, 0]
    nth = ops.cumsum(ops.ones_like(cells, dtype="int32"), axis=1)  # 1, 2, ... along time
    mask = ops.less_equal(nth, ops.expand_dims(lengths, 1))  # (batch, time)

    for depth in range(len(config.units)):
        x = _recurrent_block(config, depth, x, mask)
    if config.pooling != "last":  # there the top layer has returned its last state alone
        x = POOLINGS[config.pooling](x, mask, lengths)
    if config.head_dropout:
        x = layers.Dropout(config.head_dropout, name="head_dropout")(x)
    # The softmax stays float32 under mixed precision.
    probabilities = layers.Dense(
        classes, activation="softmax", dtype="float32", name="probabilities"
    )(x)
    inputs = {"values": values, "lengths": lengths}
    return keras.Model(inputs, probabilities, name=f"stacked_{config.cell}")


def width(config: Model, depth: int) -> int:
    """Channels that layer `depth` gives, both directions together."""
    return config.units[depth] * (2 if config.bidirectional else 1)


def collapses(config: Model, depth: int) -> bool:
    """Whether this layer keeps its last state only: forward at the end, backward at the start."""
    return depth == len(config.units) - 1 and config.pooling == "last"


def wants_kernel(config: Model) -> bool:
    """Whether the compiled kernel is taken, if it can be compiled and loaded here."""
    if config.kernel == "keras" or config.cell not in fused.CELLS:
        return False
    return config.kernel == "fused" or not gpus()


def _recurrent_layer(config: Model) -> Callable[..., layers.Layer]:
    stock = CELLS[config.cell]
    if not wants_kernel(config):
        return stock
    try:
        operators(config.cell)
    except KernelError as error:
        if config.kernel == "fused":
            raise
        log.warning("training with Keras's own operations, which is slower: %s", error)
        return stock
    return fused.CELLS[config.cell]


def _recurrent_block(
    config: Model, depth: int, x: keras.KerasTensor, mask: keras.KerasTensor
) -> keras.KerasTensor:
    gates = {"recurrent_activation": config.recurrent_activation} if config.cell in GATED else {}
    layer = _recurrent_layer(config)(
        config.units[depth],
        activation=config.activation,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        return_sequences=not collapses(config, depth),
        name=f"{config.cell}_{depth}",
        **gates,
    )
    if config.bidirectional:
        layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
    y = layer(x, mask=mask)
    if config.residual and not collapses(config, depth) and x.shape[-1] == y.shape[-1]:
        y = layers.Add(name=f"residual_{depth}")([x, y])
    if config.layer_norm:
        y = layers.LayerNormalization(name=f"norm_{depth}")(y)
    return y


def _mean(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    kept = ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))
    return ops.sum(kept, axis=1) / ops.cast(ops.expand_dims(lengths, -1), kept.dtype)


def _max(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    lowest = ops.full_like(x, LOWEST)
    return ops.max(ops.where(ops.expand_dims(mask, -1), x, lowest), axis=1)


def _attention(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    scores = layers.Dense(1, name="attention")(x)
    masked = ops.where(ops.expand_dims(mask, -1), scores, ops.full_like(scores, LOWEST))
    return ops.sum(ops.softmax(masked, axis=1) * x, axis=1)


POOLINGS = {"mean": _mean, "max": _max, "attention": _attention}
