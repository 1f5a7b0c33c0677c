"""Saturated gates and dead units of a layer, from its inputs and outputs."""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

# A gate below the first number is shut, above the second one open; see `layer_statistics`.
SHUT, OPEN = 0.1, 0.9
SAME = 1e-3  # outputs of a unit that differ by less are the same

Tensor = Any


@dataclass(frozen=True)
class Passage:
    """What passed through a layer.

    Attributes:
        x: its inputs, (batch, time, features).
        mask: bool (batch, time), false where a step is padding.
        output: (batch, time, width), or (batch, width) if it returns only its last state.
    """

    layer: Any
    x: Tensor
    mask: Tensor
    output: Tensor


def has_units(layer: keras.Layer) -> bool:
    """Tell whether a layer is recurrent, or the normalisation of a convolution."""
    inner = layer.forward_layer if isinstance(layer, layers.Bidirectional) else layer
    return isinstance(inner, layers.RNN | layers.BatchNormalization)


def measure_units(passage: Passage) -> tuple[Tensor | None, Tensor]:
    """Return the share of saturated gates, None if the layer has none, and that of dead units.

    A unit is dead if its output is the same at all steps of all rows. A gate needs only the inputs
    and the hidden state before it, so that one product over all steps gives them.
    """
    if isinstance(passage.layer, layers.BatchNormalization):
        rectified = tf.nn.relu(passage.output)  # as the network does with it
        return None, _share_dead([tf.boolean_mask(rectified, passage.mask)])
    saturated, outputs = [], []
    for layer, backwards, h in _directions(passage):
        outputs.append(tf.boolean_mask(h, passage.mask))  # (steps, units)
        gates = _gates(layer.cell, passage.x, _before(h, backwards))
        if gates is not None:
            gates = tf.boolean_mask(gates, passage.mask)  # (steps, gates * units)
            saturated.append(tf.reduce_mean(tf.cast((gates < SHUT) | (gates > OPEN), tf.float32)))
    return tf.reduce_mean(saturated) if saturated else None, _share_dead(outputs)


def _share_dead(outputs: list[Tensor]) -> Tensor:
    """Return the share of dead units of all directions, each (steps, units)."""
    ranges = [tf.reduce_max(y, 0) - tf.reduce_min(y, 0) for y in outputs]  # (units,) each
    return tf.reduce_mean(tf.cast(tf.concat(ranges, 0) < SAME, tf.float32))


def _directions(passage: Passage) -> list[tuple[Any, bool, Tensor]]:
    """Return for each direction its layer, whether it reads backwards, and its hidden state after
    each step, (batch, time, units)."""
    layer, output = passage.layer, tf.cast(passage.output, tf.float32)
    directions = [(layer, False)]
    if isinstance(layer, layers.Bidirectional):
        directions = [(layer.forward_layer, False), (layer.backward_layer, True)]
    if output.shape.rank == 3:
        states = tf.split(output, len(directions), axis=-1)
    else:
        states = [_run(inner, backwards, passage) for inner, backwards in directions]
    return [(*direction, h) for direction, h in zip(directions, states, strict=True)]


def _run(layer: Any, backwards: bool, passage: Passage) -> Tensor:
    """Run a layer that returns only its last state, and return the state after each step."""
    layer.return_sequences = True
    try:
        h = layer(passage.x, mask=passage.mask, training=False)
    finally:
        layer.return_sequences = False
    h = tf.cast(h, tf.float32)
    return tf.reverse(h, [1]) if backwards else h  # Keras returns it in the order of reading


def _before(h: Tensor, backwards: bool) -> Tensor:
    """Return the hidden state before each step; it is 0 before the first that is read."""
    if backwards:
        return tf.pad(h[:, 1:], [[0, 0], [0, 1], [0, 0]])
    return tf.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])


def _gates(cell: Any, x: Tensor, before: Tensor) -> Tensor | None:
    """Return all gates at each step, (batch, time, gates * units); None if the cell has none."""
    if not isinstance(cell, layers.LSTMCell | layers.GRUCell):
        return None
    kernel, recurrent, bias = (
        tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
    )
    if bias.shape.rank == 2:  # of a GRU: one for the inputs, one for the state
        bias = tf.reduce_sum(bias, 0)
    sums = tf.cast(x, tf.float32) @ kernel + before @ recurrent + bias
    parts = tf.split(sums, kernel.shape[-1] // cell.units, axis=-1)
    # Keras: input, forget, candidate, output of an LSTM; update, reset, candidate of a GRU
    return cell.recurrent_activation(tf.concat([*parts[:2], *parts[3:]], -1))
