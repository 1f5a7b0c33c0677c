"""Build a stack of recurrent layers from the configuration: the whole architecture."""

import logging
from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from conveyor.config import Model
from conveyor.models.cells import CELLS
from conveyor.models.devices import gpus
from conveyor.models.kernels.library import KernelError, operators
from conveyor.tasks.facets import Head

log = logging.getLogger(__name__)

LOWEST = -6e4  # below every activation, and still a float16


def build(
    config: Model, head: Head, *, features: int | None = None, vocabulary: int | None = None
) -> keras.Model:
    """Stack layers of `config.units` under pooling and a task's head.

    Args:
        head: adds the last layer.
        features: values of each step of a series; None for text.
        vocabulary: number of tokens, with the padding token; None for series.

    Returns:
        A model of two inputs, {"values": float32 (batch, time, features) or int32 (batch, time),
        "lengths": int32 (batch,)}, rows padded on the right, each at least one step long; and one
        output (batch, head.width), of the type that the head gives it. Padding a row further
        changes nothing.
        With `kernel=keras` it consists of stock Keras layers and operations, so that its file loads
        without this package. The weights are the same with every kernel.

    Raises:
        KernelError: `kernel=fused`, and the kernel cannot be compiled or loaded here.
    """
    lengths = keras.Input((), dtype="int32", name="lengths")
    if vocabulary is not None:
        values = keras.Input((None,), dtype="int32", name="values")
        x = layers.Embedding(vocabulary, config.embedding, name="embedding")(values)
    else:
        x = values = keras.Input((None, features), name="values")
    steps = values if vocabulary is not None else values[:, :, 0]  # (batch, time)
    step_number = ops.cumsum(ops.ones_like(steps, dtype="int32"), axis=1)  # 1, 2, ... along time
    mask = ops.less_equal(step_number, ops.expand_dims(lengths, 1))  # (batch, time)

    for depth in range(len(config.units)):
        x = _recurrent_block(config, depth, x, mask)
    if config.pooling != "last":  # with "last" the top layer returns its last state only
        x = POOLINGS[config.pooling](x, mask, lengths)  # (batch, width)
    if config.head_dropout:
        x = layers.Dropout(config.head_dropout, name="head_dropout")(x)
    inputs = {"values": values, "lengths": lengths}
    return keras.Model(inputs, head.build(x), name=f"stacked_{config.cell}")


def returns_last_state(config: Model, depth: int) -> bool:
    """Tell whether layer `depth` returns only its last state: that of the forward direction at the
    last step, that of the backward direction at the first."""
    return depth == len(config.units) - 1 and config.pooling == "last"


def wants_kernel(config: Model) -> bool:
    """Tell whether the compiled kernel is used, if it can be compiled and loaded here."""
    if config.kernel == "keras" or CELLS[config.cell].fused_layer is None:
        return False
    return config.kernel == "fused" or not gpus()


def _recurrent_layer(config: Model) -> Callable[..., layers.Layer]:
    cell = CELLS[config.cell]
    if cell.fused_layer is None or not wants_kernel(config):
        return cell.layer
    try:
        operators(config.cell)
    except KernelError as error:
        if config.kernel == "fused":
            raise
        log.warning("training with Keras's own operations, which is slower: %s", error)
        return cell.layer
    return cell.fused_layer


def _recurrent_block(
    config: Model, depth: int, x: keras.KerasTensor, mask: keras.KerasTensor
) -> keras.KerasTensor:
    activations = {name: getattr(config, name) for name in CELLS[config.cell].activations}
    layer = _recurrent_layer(config)(
        config.units[depth],
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        return_sequences=not returns_last_state(config, depth),
        name=f"{config.cell}_{depth}",
        **activations,
    )
    if config.bidirectional:
        layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
    y = layer(x, mask=mask)
    if config.residual and not returns_last_state(config, depth) and x.shape[-1] == y.shape[-1]:
        y = layers.Add(name=f"residual_{depth}")([x, y])
    if config.layer_norm:
        y = layers.LayerNormalization(name=f"norm_{depth}")(y)
    return y


def _mean(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    masked = ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))  # (batch, time, width)
    return ops.sum(masked, axis=1) / ops.cast(ops.expand_dims(lengths, -1), masked.dtype)


def _max(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    lowest = ops.full_like(x, LOWEST)
    return ops.max(ops.where(ops.expand_dims(mask, -1), x, lowest), axis=1)


def _attention(x: keras.KerasTensor, mask: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    scores = layers.Dense(1, name="attention")(x)  # (batch, time, 1)
    masked = ops.where(ops.expand_dims(mask, -1), scores, ops.full_like(scores, LOWEST))
    weights = layers.Softmax(axis=1, name="attention_weights")(masked)  # (batch, time, 1)
    return ops.sum(weights * x, axis=1)


POOLINGS = {"mean": _mean, "max": _max, "attention": _attention}
