"""What a network of windows has beside the recurrent stack: the scale of each context, what is
known ahead, and a linear branch on the lags.

Level and spread of a context are taken from its values and given back to the forecast, so that one
network serves series of any level (Kim et al. 2022, Reversible instance normalization; with the
last value, Zeng et al. 2023, Are transformers effective for time series forecasting?).
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from conveyor.tasks.facets import WindowHead

FLOOR = 1e-8  # of a variance, in units of the training steps; a context may be constant
UNITS = 32  # of each step of the horizon, before what is known ahead joins
HIDDEN = 64  # of the layer after that


@dataclass(frozen=True)
class Frame:
    """A context, scaled.

    Attributes:
        x: what the stack reads, (batch, context, features).
        lengths: steps of it, int32 (batch,).
        scaled: the targets, (batch, context, targets); 0 where missing.
        level: subtracted from them, (batch, 1, targets).
        spread: by which they were divided, (batch, 1, targets).
        ahead: features of the horizon, (batch, horizon, features); None if nothing is known ahead.
    """

    x: Any
    lengths: Any
    scaled: Any
    level: Any
    spread: Any
    ahead: Any


def open_window(values: keras.KerasTensor, lengths: keras.KerasTensor, head: WindowHead) -> Frame:
    """Scale the context of encoded windows (batch, steps, features)."""
    window = head.window
    context = values[:, : window.context]
    numbers = context[:, :, : window.targets]
    observed = 1.0 - context[:, :, window.flags : window.flags + window.targets]
    count = ops.maximum(ops.sum(observed, axis=1, keepdims=True), 1.0)
    mean = ops.sum(numbers * observed, axis=1, keepdims=True) / count
    match head.level:
        case "last":
            number = ops.cumsum(ops.ones_like(observed), axis=1) * observed  # 1, 2, ...; 0: missing
            last = ops.max(number, axis=1, keepdims=True)
            is_last = ops.cast(ops.equal(number, last), numbers.dtype) * observed
            level = ops.sum(numbers * is_last, axis=1, keepdims=True)
        case "mean":
            level = mean
        case _:
            level = ops.zeros_like(mean)
    if head.spread:
        squares = ops.sum(ops.square(numbers - mean) * observed, axis=1, keepdims=True)
        spread = ops.sqrt(squares / count + FLOOR)
    else:
        spread = ops.ones_like(mean)
    scaled = (numbers - level) / spread * observed
    x = ops.concatenate([scaled, context[:, :, window.targets :]], axis=-1)
    ahead = None
    if window.future:
        future = values[:, window.context :]
        first = window.flags + window.hidden
        parts = [future[:, :, window.hidden : window.flags], future[:, :, first:]]
        ahead = ops.concatenate(parts, axis=-1)  # what is known, the calendar, their flags
    return Frame(x, lengths - window.future, scaled, level, spread, ahead)


def close_window(
    features: keras.KerasTensor, frame: Frame, head: WindowHead, *, wide: bool
) -> tuple[Any, Any, Any]:
    """Return what the head reads of pooled features (batch, width): numbers of each step of the
    horizon, (batch, horizon, targets, head.parameters), in the scale of the context; its level and
    its spread, both (batch, 1, targets).

    Args:
        wide: add a linear branch on the lags to the forecast itself, one of the parameters.
    """
    window, count = head.window, head.parameters
    shape = (window.horizon, window.targets, count)
    if frame.ahead is None:
        width = window.horizon * window.targets * count
        x = layers.Dense(width, dtype="float32", name="parameters")(features)
    else:
        x = layers.Dense(window.horizon * UNITS, activation="relu", name="horizon")(features)
        x = ops.reshape(x, (-1, window.horizon, UNITS))
        x = ops.concatenate([x, frame.ahead], axis=-1)
        x = layers.Dense(HIDDEN, activation="relu", name="ahead")(x)
        x = layers.Dense(window.targets * count, dtype="float32", name="parameters")(x)
    x = ops.reshape(x, (-1, *shape))
    if wide:
        lags = ops.reshape(frame.scaled, (-1, window.context * window.targets))
        layer = layers.Dense(
            window.horizon * window.targets, use_bias=False, dtype="float32",
            kernel_initializer="zeros", name="lags",
        )  # fmt: skip
        forecast = ops.reshape(layer(lags), (-1, *shape[:2], 1))
        middle = head.middle
        parts = [x[..., :middle], x[..., middle : middle + 1] + forecast, x[..., middle + 1 :]]
        x = ops.concatenate(parts, axis=-1)
    return x, frame.level, frame.spread
