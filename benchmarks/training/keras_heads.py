"""What is above and below a stock Keras stack for the tasks of steps, as a user writes it."""

import math
from collections.abc import Callable
from typing import Any

import stack
from keras import layers, ops

MIDDLE = len(stack.QUANTILES) // 2


def tag(inputs: Any, recurrent: Callable[[Any, bool], Any]) -> Any:
    """Return probabilities of the tags at each step, (rows, steps, tags)."""
    return layers.Dense(stack.TAGS, activation="softmax")(recurrent(inputs, True))


def tag_loss(y: Any, outputs: Any) -> Any:
    """Return the cross-entropy of each row; padding would be -1."""
    is_step = ops.cast(ops.not_equal(y, -1), "float32")
    losses = ops.sparse_categorical_crossentropy(ops.maximum(y, 0), outputs)
    return ops.sum(losses * is_step, axis=1) / ops.sum(is_step, axis=1)


def forecast(inputs: Any, recurrent: Callable[[Any, bool], Any]) -> Any:
    """Return quantiles of each step of the horizon, (rows, horizon, quantiles)."""
    y = inputs[:, :, :1]
    flag = inputs.shape[2] // 2
    observed = 1.0 - inputs[:, :, flag : flag + 1]
    count = ops.sum(observed, axis=1, keepdims=True)
    mean = ops.sum(y * observed, axis=1, keepdims=True) / count
    squares = ops.sum(ops.square(y - mean) * observed, axis=1, keepdims=True)
    level, spread = y[:, -1:], ops.sqrt(squares / count + 1e-8)
    scaled = (y - level) / spread * observed
    x = ops.concatenate([scaled, inputs[:, :, 1:]], axis=-1)
    parameters = layers.Dense(stack.HORIZON * len(stack.QUANTILES))(recurrent(x, False))
    parameters = ops.reshape(parameters, (-1, stack.HORIZON, len(stack.QUANTILES)))
    lags = layers.Dense(stack.HORIZON, use_bias=False)(ops.squeeze(scaled, -1))
    point = parameters[..., MIDDLE : MIDDLE + 1] + ops.expand_dims(lags, -1)
    steps = ops.softplus(parameters + math.log(math.expm1(0.3)))
    below = ops.flip(ops.cumsum(ops.flip(steps[..., :MIDDLE], -1), axis=-1), -1)
    above = ops.cumsum(steps[..., MIDDLE + 1 :], axis=-1)
    return level + spread * ops.concatenate([point - below, point, point + above], axis=-1)


def pinball_loss(y: Any, outputs: Any) -> Any:
    """Return the loss of each row."""
    quantiles = ops.convert_to_tensor(stack.QUANTILES, "float32")
    errors = ops.expand_dims(y, -1) - outputs
    losses = ops.maximum(quantiles * errors, (quantiles - 1) * errors)
    return ops.mean(losses, axis=(1, 2))


HEADS = {"tagging": (tag, tag_loss), "forecasting": (forecast, pinball_loss)}
