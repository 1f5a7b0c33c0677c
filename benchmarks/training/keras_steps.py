"""Measures steps of a Keras stack: `python keras_steps.py keras | fused CELL SIZE [front]`.

With `front`, convolutions are before the stack: Conveyor's own before the fused layers, Keras's as
a user would write them before Keras's. Prints sequences a second and seconds to the end of the
first step.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import stack
import tensorflow as tf
from keras import layers


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


def network(layer: Any, size: str, front: Callable[[Any, int], Any] | None = None) -> Any:
    """Build and compile a stack of two of these layers."""
    steps, features, units, _ = stack.SIZES[size]
    keras.utils.set_random_seed(17)
    inputs = keras.Input((None, features))
    low = front(inputs, steps) if front else inputs
    hidden = layer(units // 2)(layer(units, return_sequences=True)(low))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    return model


if __name__ == "__main__":
    kind, cell, size, *options = sys.argv[1:]
    layer, front = {"lstm": layers.LSTM, "gru": layers.GRU}[cell], convolve
    if kind == "fused":
        from conveyor.models.kernels import fused, library

        library.operators(cell)  # compile the kernel before the first step
        layer, front = {"lstm": fused.LSTM, "gru": fused.GRU}[cell], convolve_as_conveyor
    model = network(layer, size, front if options == ["front"] else None)
    data = [(tf.constant(x), tf.constant(y)) for x, y in stack.batches(size)]
    began = time.perf_counter()
    model.train_on_batch(*data[0])
    first = time.perf_counter() - began
    *_, rows = stack.SIZES[size]
    print(stack.rate(lambda i: model.train_on_batch(*data[i]), rows), first)
