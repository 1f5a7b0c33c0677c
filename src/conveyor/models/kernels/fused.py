"""Keras's recurrent layers on the compiled kernels: same weights, outputs and gradients."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from conveyor.config import Cell
from conveyor.models.kernels import sequence

Tensor = Any


class Fused(layers.RNN):
    """A layer of Keras whose whole sequence is one operator on the processor.

    Takes what Keras's layer takes, has its weights, and gives its outputs, states and gradients to
    about 1e-6. Where `obstacle` names a reason, it computes as Keras does. Its name is that of
    Keras's, after which a file of weights names its groups: so a file of one loads into the other.
    """

    compiled: sequence.Cell

    def inner_loop(
        self, sequences: Tensor, initial_state: Any, mask: Tensor | None, training: bool = False
    ) -> Any:
        if obstacle(self) is not None:
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        self.supports_jit = False  # XLA does not know the operator
        cell: Any = self.cell
        x = sequences
        if training and cell.dropout:
            x = x * tf.expand_dims(cell.get_dropout_mask(x[:, 0, :]), 1)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        repeat = not self.zero_output_for_mask
        steps = tf.shape(x)[:2]
        kept = (
            tf.ones(steps, tf.bool) if mask is None else tf.reshape(tf.cast(mask, tf.bool), steps)
        )
        weights = map(tf.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias))
        way = sequence.Way(kept, reverse=self.go_backwards, repeat=repeat, keep=bool(training))
        h, *states = sequence.run(self.compiled, x, *weights, states=initial_state, way=way)
        h.set_shape((x.shape[0], x.shape[1], cell.units))
        for state in states:
            state.set_shape((x.shape[0], cell.units))
        if self.go_backwards:  # Keras gives the outputs in the order of computation
            h = tf.reverse(h, [1])
        last = states[0]
        if mask is not None:  # Keras's last output is no state: a row all masked has none
            last = tf.where(tf.reduce_any(kept, 1, True), last, 0.0) if repeat else h[:, -1]
        return last, h if self.return_sequences else last[:, None], states


def obstacle(layer: Fused) -> str | None:
    """Why the kernel cannot serve this layer, as the parameter to change; None where it can."""
    cell: Any = layer.cell
    reasons = {
        f"activation={cell.activation.__name__}": cell.activation is not keras.activations.tanh,
        f"recurrent_activation={cell.recurrent_activation.__name__}":
            cell.recurrent_activation is not keras.activations.sigmoid,
        f"recurrent_dropout={cell.recurrent_dropout:g}": bool(cell.recurrent_dropout),
        "use_bias=False": not cell.use_bias,
        "reset_after=False": not getattr(cell, "reset_after", True),
        "unroll=True": layer.unroll,
        f"compute precision {layer.compute_dtype}": layer.compute_dtype != "float32",
    }  # fmt: skip
    return next((reason for reason, holds in reasons.items() if holds), None)


@keras.saving.register_keras_serializable("conveyor")
class LSTM(Fused, layers.LSTM):
    """keras.layers.LSTM on the compiled kernel."""

    compiled = sequence.LSTM


@keras.saving.register_keras_serializable("conveyor")
class GRU(Fused, layers.GRU):
    """keras.layers.GRU on the compiled kernel."""

    compiled = sequence.GRU


CELLS: dict[Cell, type[Fused]] = {"lstm": LSTM, "gru": GRU}
