"""A recurrent layer over whole sequences as one operator, with both its derivatives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from conveyor.models.kernels.library import operators

Tensor = Any
ZERO = tf.UnconnectedGradients.ZERO


@dataclass(frozen=True)
class Cell:
    """What a compiled cell computes.

    Attributes:
        name: of its source in native/.
        states: how many it has.
        step: (x, states, kernel, recurrent, bias) -> new states, the first one its output; the
            cell in TensorFlow's operations.
        kernel_of_dz: Keras's kernel, its columns as the gradient of the sums has them.
    """

    name: str
    states: int
    step: Callable[[Tensor, Sequence[Tensor], Tensor, Tensor, Tensor], list[Tensor]]
    kernel_of_dz: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Way:
    """How a layer passes through its sequences.

    Attributes:
        mask: bool (batch, time). A step that is False keeps the states.
        reverse: from the last step to the first; outputs stay where their inputs are.
        repeat: at a masked step, the output before it once more; else zeros.
        keep: keep what a gradient needs; without it, a gradient computes the layer once more.
    """

    mask: Tensor
    reverse: bool = False
    repeat: bool = True
    keep: bool = True


def run(
    cell: Cell,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    states: Sequence[Tensor],
    way: Way,
) -> list[Tensor]:
    """One layer in float32.

    Args:
        x: (batch, time, features).
        kernel, recurrent, bias: Keras's weights.
        states: (batch, units), before the first step.

    Returns:
        h (batch, time, units), and the last states (batch, units). A gradient of the gradient is
        computed step by step, by the same equations in TensorFlow's operations.

    Raises:
        InvalidArgumentError: shapes that do not fit.
        ResourceExhaustedError: not enough memory.
    """

    @tf.custom_gradient
    def layer(*arguments: Tensor) -> tuple[list[Tensor], Any]:
        made = _forward(cell, arguments, way, way.keep)

        def grad(*received: Tensor) -> Any:
            kept = made if way.keep else _forward(cell, arguments, way, True)
            return _first_gradient(cell, arguments, way, received, kept)

        return [made.h, made.h_last, *([made.c_last] if cell.states == 2 else [])], grad

    outputs: Any = layer(x, kernel, recurrent, bias, *states)
    return outputs


def _forward(cell: Cell, arguments: Any, way: Way, keep: bool) -> Any:
    x, kernel, recurrent, bias, h0, *c0 = arguments
    operator = getattr(operators(cell.name), f"conveyor_{cell.name}")
    return operator(
        x=x, kernel=kernel, recurrent=recurrent, bias=bias, mask=way.mask, h0=h0,
        reverse=way.reverse, repeat=way.repeat, keep=keep, **({"c0": c0[0]} if c0 else {}),
    )  # fmt: skip


def _first_gradient(cell: Cell, arguments: Any, way: Way, received: Any, kept: Any) -> Any:
    """Gradients of the weights, the inputs and the states, themselves differentiable."""
    count = len(arguments)

    @tf.custom_gradient
    def gradient(*given: Tensor) -> tuple[Any, Any]:
        inputs, passed = given[:count], given[count:]
        found = _backward(cell, inputs, way, passed, kept)

        def again(*second: Tensor) -> Any:
            with tf.GradientTape() as outer:
                outer.watch(list(given))
                with tf.GradientTape() as inner:
                    inner.watch(list(inputs))
                    outputs = _step_by_step(cell, inputs, way)
                first: Any = inner.gradient(outputs, list(inputs), list(passed), ZERO)
            return outer.gradient(first, list(given), list(second), ZERO)

        return found, again

    return gradient(*arguments, *received)


def _backward(cell: Cell, arguments: Any, way: Way, received: Any, kept: Any) -> Any:
    """Back through time."""
    x, kernel, recurrent, _, h0, *c0 = arguments
    dh, dh_last, *dc_last = received
    second = {"c0": c0[0], "c": kept.c, "dc_last": dc_last[0]} if c0 else {}
    operator = getattr(operators(cell.name), f"conveyor_{cell.name}_grad")
    found = operator(
        x=x, recurrent=recurrent, mask=way.mask, kept=kept.kept, h=kept.h, dh=dh, h0=h0,
        dh_last=dh_last, reverse=way.reverse, repeat=way.repeat, **second,
    )  # fmt: skip
    # An operator of its own, so that a graph leaves it out where nobody asks for it.
    columns = cell.kernel_of_dz(kernel)
    dz = tf.reshape(found.dz, (-1, columns.shape[1]))  # one product, not one for each sequence
    dx = tf.reshape(tf.matmul(dz, columns, transpose_b=True), tf.shape(x))
    states = [found.dh0, *([found.dc0] if c0 else [])]
    return dx, found.dkernel, found.drecurrent, found.dbias, *states


def _step_by_step(cell: Cell, arguments: Any, way: Way) -> list[Tensor]:
    """The same layer in TensorFlow's own operations, for second derivatives."""
    x, kernel, recurrent, bias, *states = arguments
    flip = (lambda t: tf.reverse(t, [1])) if way.reverse else (lambda t: t)
    inputs = tf.transpose(flip(x), (1, 0, 2))
    kept = tf.expand_dims(tf.transpose(flip(way.mask)), -1)

    def step(before: Any, now: Any) -> Any:
        *old, shown = before
        x_now, alive = now
        new = cell.step(x_now, old, kernel, recurrent, bias)
        masked = shown if way.repeat else tf.zeros_like(shown)
        return (*(tf.where(alive, n, o) for n, o in zip(new, old, strict=True)),
                tf.where(alive, new[0], masked))  # fmt: skip

    begin = (*states, tf.zeros_like(states[0]))
    *last, shown = tf.scan(step, (inputs, kept), initializer=begin)
    return [flip(tf.transpose(shown, (1, 0, 2))), *(state[-1] for state in last)]


def _lstm_step(
    x: Tensor, states: Sequence[Tensor], kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> list[Tensor]:
    h, c = states
    i, f, g, o = tf.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return [tf.sigmoid(o) * tf.tanh(c), c]


LSTM = Cell("lstm", 2, _lstm_step, lambda kernel: kernel)


def _gru_step(
    x: Tensor, states: Sequence[Tensor], kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> list[Tensor]:
    [h] = states
    x_update, x_reset, x_candidate = tf.split(x @ kernel + bias[0], 3, axis=-1)
    h_update, h_reset, h_candidate = tf.split(h @ recurrent + bias[1], 3, axis=-1)
    update = tf.sigmoid(x_update + h_update)
    candidate = tf.tanh(x_candidate + tf.sigmoid(x_reset + h_reset) * h_candidate)
    return [update * h + (1.0 - update) * candidate]


def _gru_columns(kernel: Tensor) -> Tensor:
    """Candidate, update, reset, and nothing for the sum that x does not meet."""
    update, reset, candidate = tf.split(kernel, 3, axis=-1)
    return tf.concat([candidate, update, reset, tf.zeros_like(update)], axis=-1)


GRU = Cell("gru", 1, _gru_step, _gru_columns)
