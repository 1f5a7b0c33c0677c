"""Gradients of recurrent layers in a time that grows with the steps, and not with their square.

TensorFlow's gradient of a loop makes a list of all steps at each of them, and keeps every number
that a step has computed. Here a pass forward keeps the states, and a pass backward computes each
step again from the states before it.
"""

from functools import partial
from typing import Any

import tensorflow as tf
from keras import layers

Tensor = Any
CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)  # whose output is their first state


def use_step_gradients(layer: layers.Layer) -> None:
    """Let a recurrent layer, or both of a bidirectional one, compute its gradient step by step.

    A layer of another kind, or with a cell that is not in CELLS, stays as it is.
    """
    if isinstance(layer, layers.Bidirectional):
        use_step_gradients(layer.forward_layer)
        use_step_gradients(layer.backward_layer)
    elif isinstance(layer, layers.RNN) and type(layer.cell) in CELLS:
        layer.inner_loop = partial(_inner_loop, layer)


def _inner_loop(
    layer: Any, sequences: Tensor, initial_state: Any, mask: Tensor | None, training: bool = False
) -> Any:
    """Compute what Keras's `RNN.inner_loop` does, without dropout.

    Args:
        sequences: (batch, time, features).
        initial_state: of the cell, each (batch, units).
        mask: bool (batch, time); a step that is False changes no state.
    """
    del training  # a network on a path is not trained
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    steps = tf.ones(tf.shape(sequences)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
    x, is_step = tf.transpose(sequences, (1, 0, 2)), tf.transpose(steps)[:, :, None]
    if layer.go_backwards:  # outputs are returned in the order of computation
        x, is_step = tf.reverse(x, [0]), tf.reverse(is_step, [0])
    histories = _run(layer.cell, is_step, x, *initial_state)  # each (time, batch, units)
    # Keras repeats the last output at a masked step, or returns zeros, as before the first step.
    has_output = is_step if layer.zero_output_for_mask else _any_before(is_step)
    outputs = tf.where(has_output, histories[0], tf.zeros_like(histories[0]))
    outputs.set_shape((x.shape[0], x.shape[1], layer.cell.units))
    return outputs[-1], tf.transpose(outputs, (1, 0, 2)), [each[-1] for each in histories]


def _any_before(is_step: Tensor) -> Tensor:
    """Return which steps are one, or come after one, (time, batch, 1)."""
    return tf.cumsum(tf.cast(is_step, tf.int32)) > 0


def _run(cell: Any, is_step: Tensor, *inputs: Tensor) -> list[Tensor]:
    """Return each state after every step, (time, batch, units).

    Args:
        is_step: bool (time, batch, 1).
        inputs: x (time, batch, features), and the states before the first step, (batch, units).
    """

    def step(t: Tensor, x: Tensor, states: list[Tensor]) -> list[Tensor]:
        _, changed = cell(x, states, training=False)
        pairs = zip(changed, states, strict=True)
        return [tf.where(is_step[t], after, before) for after, before in pairs]

    @tf.custom_gradient
    def run(x: Tensor, *initial: Tensor) -> Any:
        histories = _forward(step, x, list(initial))

        def grad(*gradients: Tensor, variables: Any = ()) -> Any:
            # TensorFlow passes the weights, of which no gradient is asked here.
            return _backward(step, x, initial, histories, gradients), [None] * len(variables)

        return histories, grad

    histories: Any = run(*inputs)
    return list(histories)


def _forward(step: Any, x: Tensor, initial: list[Tensor]) -> list[Tensor]:
    count = tf.shape(x)[0]
    empty = [tf.TensorArray(each.dtype, count, element_shape=each.shape) for each in initial]

    def body(t: Tensor, states: list[Tensor], histories: list[Any]) -> Any:
        states = step(t, x[t], states)
        histories = [each.write(t, state) for each, state in zip(histories, states, strict=True)]
        return t + 1, states, histories

    _, _, histories = tf.while_loop(
        lambda t, *_: t < count, body, (tf.constant(0), initial, empty), parallel_iterations=1
    )
    return [each.stack() for each in histories]


def _backward(
    step: Any, x: Tensor, initial: Any, histories: list[Tensor], gradients: Any
) -> list[Tensor]:
    """Return the gradients by x and by the initial states.

    Args:
        gradients: by the states after every step, each (time, batch, units).
    """
    count = tf.shape(x)[0]
    before = [
        tf.concat([first[None], history[:-1]], axis=0)
        for first, history in zip(initial, histories, strict=True)
    ]

    def body(t: Tensor, from_later: list[Tensor], dx: Any) -> Any:
        at_step, states = x[t], [each[t] for each in before]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([at_step, *states])
            after = step(t, at_step, states)
        total = [own[t] + later for own, later in zip(gradients, from_later, strict=True)]
        by_x, *by_states = tape.gradient(after, [at_step, *states], output_gradients=total)
        return t - 1, by_states, dx.write(t, by_x)

    empty = tf.TensorArray(x.dtype, count, element_shape=x.shape[1:])
    zeros = [tf.zeros_like(each) for each in initial]
    _, by_initial, dx = tf.while_loop(
        lambda t, *_: t >= 0, body, (count - 1, zeros, empty), parallel_iterations=1
    )
    return [dx.stack(), *by_initial]
