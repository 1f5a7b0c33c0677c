"""Measures steps of a Keras stack: `keras_steps.py keras | fused CELL SIZE [TASK | front]`.

TASK is one of keras_heads.py. With `front`, convolutions are before the stack: Conveyor's own
before the fused layers, Keras's as a user would write them before Keras's. Prints what
`stack.answer` measures.
"""

import sys
from collections.abc import Callable
from typing import Any

import keras
import stack
import tensorflow as tf
from keras import layers
from keras_heads import HEADS


def convolve(x: Any, steps: int) -> Any:
    for (channels, width), stride in zip(stack.FRONT, stack.strides(steps), strict=True):
        x = layers.Conv1D(channels, width, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return x


def convolve_as_conveyor(x: Any, steps: int) -> Any:
    """Add Conveyor's convolutions, with the masks that it has for rows of any length."""
    from conveyor.models.front import add_front

    lengths = keras.ops.sum(keras.ops.ones_like(x[:, :, 0], dtype="int32"), axis=1)
    return add_front(x, lengths, steps)[0]


def network(
    layer: Any, size: str, front: Callable[[Any, int], Any] | None = None, task: str = "value"
) -> Any:
    """Build and compile a stack of two of these layers."""
    steps, features, units, _ = stack.SIZES[size]
    keras.utils.set_random_seed(17)

    def recurrent(x: Any, each_step: bool) -> Any:
        low = layer(units, return_sequences=True)(x)
        return layer(units // 2, return_sequences=each_step)(low)

    if task in HEADS:
        build_head, loss = HEADS[task]
        inputs = keras.Input((steps, features))
        model = keras.Model(inputs, build_head(inputs, recurrent))
        model.compile("adam", loss)
        return model
    inputs = keras.Input((None, features))
    low = front(inputs, steps) if front else inputs
    model = keras.Model(inputs, layers.Dense(1)(recurrent(low, False)))
    model.compile("adam", "mse")
    return model


if __name__ == "__main__":
    kind, cell, size, *options = sys.argv[1:]
    layer, front = {"lstm": layers.LSTM, "gru": layers.GRU}[cell], convolve
    if kind == "fused":
        from conveyor.models.kernels import fused, library

        library.operators(cell)  # compile the kernel before the first step
        layer, front = {"lstm": fused.LSTM, "gru": fused.GRU}[cell], convolve_as_conveyor
    task = next((option for option in options if option in HEADS), "value")
    model = network(layer, size, front if "front" in options else None, task)
    data = [(tf.constant(x), tf.constant(y)) for x, y in stack.batches(size, task)]
    *_, rows = stack.SIZES[size]
    stack.answer(lambda i: model.train_on_batch(*data[i]), rows)
