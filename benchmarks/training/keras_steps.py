"""`python keras_steps.py keras | fused SIZE`: sequences a second, and seconds to the first step."""

import sys
import time

import keras
import stack
import tensorflow as tf
from keras import layers

if __name__ == "__main__":
    kind, size = sys.argv[1:]
    _, features, units, rows = stack.SIZES[size]
    layer = layers.LSTM
    if kind == "fused":
        from conveyor.models.kernels import fused, library

        library.operators("lstm")  # compiled once for a machine, so outside the first step
        layer = fused.LSTM
    keras.utils.set_random_seed(17)
    inputs = keras.Input((None, features))
    hidden = layer(units // 2)(layer(units, return_sequences=True)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    data = [(tf.constant(x), tf.constant(y)) for x, y in stack.batches(size)]
    began = time.perf_counter()
    model.train_on_batch(*data[0])
    first = time.perf_counter() - began
    print(stack.rate(lambda i: model.train_on_batch(*data[i]), rows), first)
