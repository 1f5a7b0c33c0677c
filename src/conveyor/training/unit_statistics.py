"""Saturated gates and dead units of a layer, from its inputs and outputs.

What needs products is a part of the graph that passes rows through the layers. The counts are
NumPy's: a graph of them would take longer to trace than they take in a whole fit.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

# A gate below the first number is shut, above the second one open; see `layer_statistics`.
SHUT, OPEN = 0.1, 0.9
SAME = 1e-3  # outputs of a unit that differ by less are the same

Tensor = Any


class Units(NamedTuple):
    """What the units of a layer give, those of both directions side by side.

    Attributes:
        outputs: after each step, (batch, time, units).
        mask: bool (batch, time), false where a step is padding.
        gates: at each step, (batch, time, gates * units); None if the layer has none.
    """

    outputs: Tensor
    mask: Tensor
    gates: Tensor | None = None


def share_saturated(units: Units) -> float | None:
    """Return the share of the gates that are saturated; None if the layer has none."""
    if units.gates is None:
        return None
    gates = units.gates.numpy()[units.mask.numpy()]  # (steps of all rows, gates * units)
    return float(np.mean((gates < SHUT) | (gates > OPEN)))


def share_dead(units: Units) -> float:
    """Return the share of the units that are dead."""
    outputs = units.outputs.numpy()[units.mask.numpy()]  # (steps of all rows, units)
    return float(np.mean(np.ptp(outputs, axis=0) < SAME))


def has_units(layer: keras.Layer) -> bool:
    """Tell whether a layer is recurrent, or the normalisation of a convolution."""
    return isinstance(_directions(layer)[0], layers.RNN | layers.BatchNormalization)


def read_units(layer: Any, x: Tensor, mask: Tensor, output: Tensor) -> Units:
    """Return what the units of a layer give.

    A gate needs only the inputs and the hidden state before it, so that one product over all steps
    gives them.

    Args:
        x: its inputs, (batch, time, features).
        mask: bool (batch, time), false where a step is padding.
        output: (batch, time, width), or (batch, width) if it returns only its last state.
    """
    if isinstance(layer, layers.BatchNormalization):
        return Units(tf.nn.relu(output), mask)  # as the network does with it
    directions, x = _directions(layer), tf.cast(x, tf.float32)
    if output.shape.rank == 2:
        states = [_run(direction, x, mask) for direction in directions]
    else:
        states = tf.split(output, len(directions), axis=-1)
    states = [tf.cast(h, tf.float32) for h in states]  # (batch, time, units) each
    gates = [
        _gates(direction.cell, x, _before(h, backwards=index == 1))
        for index, (direction, h) in enumerate(zip(directions, states, strict=True))
        if isinstance(direction.cell, layers.LSTMCell | layers.GRUCell)
    ]
    return Units(tf.concat(states, -1), mask, tf.concat(gates, -1) if gates else None)


def _directions(layer: Any) -> list[Any]:
    """Return the layer itself, or the two that read forwards and backwards."""
    if isinstance(layer, layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def _run(layer: Any, x: Tensor, mask: Tensor) -> Tensor:
    """Run a layer that returns only its last state, and return the state after each step, in the
    order of the steps."""
    layer.return_sequences = True
    try:
        h = layer(x, mask=mask, training=False)
    finally:
        layer.return_sequences = False
    return tf.reverse(h, [1]) if layer.go_backwards else h  # Keras: in the order of reading


def _before(h: Tensor, *, backwards: bool) -> Tensor:
    """Return the hidden state before each step; it is 0 before the first that is read."""
    if backwards:
        return tf.pad(h[:, 1:], [[0, 0], [0, 1], [0, 0]])
    return tf.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])


def _gates(cell: Any, x: Tensor, before: Tensor) -> Tensor:
    """Return all gates at each step, (batch, time, gates * units)."""
    kernel, recurrent, bias = (
        tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
    )
    if bias.shape.rank == 2:  # of a GRU: one for the inputs, one for the state
        bias = tf.reduce_sum(bias, 0)
    sums = x @ kernel + before @ recurrent + bias
    parts = tf.split(sums, kernel.shape[-1] // cell.units, axis=-1)
    # Keras: input, forget, candidate, output of an LSTM; update, reset, candidate of a GRU
    return cell.recurrent_activation(tf.concat([*parts[:2], *parts[3:]], -1))
