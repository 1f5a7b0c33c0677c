"""Measures steps of a Keras stack: `python keras_steps.py keras | fused CELL SIZE`.

Prints sequences a second and seconds to the end of the first step.
"""

import sys
import time
from typing import Any

import keras
import stack
import tensorflow as tf
from keras import layers


def network(layer: Any, size: str) -> Any:
    """Build and compile a stack of two of these layers."""
    _, features, units, _ = stack.SIZES[size]
    keras.utils.set_random_seed(17)
    inputs = keras.Input((None, features))
    hidden = layer(units // 2)(layer(units, return_sequences=True)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    return model


if __name__ == "__main__":
    kind, cell, size = sys.argv[1:]
    layer = {"lstm": layers.LSTM, "gru": layers.GRU}[cell]
    if kind == "fused":
        from conveyor.models.kernels import fused, library

        library.operators(cell)  # compile the kernel before the first step
        layer = {"lstm": fused.LSTM, "gru": fused.GRU}[cell]
    model = network(layer, size)
    data = [(tf.constant(x), tf.constant(y)) for x, y in stack.batches(size)]
    began = time.perf_counter()
    model.train_on_batch(*data[0])
    first = time.perf_counter() - began
    *_, rows = stack.SIZES[size]
    print(stack.rate(lambda i: model.train_on_batch(*data[i]), rows), first)
