"""Keras's recurrent layers on the compiled kernels: same weights, outputs and gradients."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from conveyor.models.kernels import sequence

Tensor = Any


class FusedRNN(layers.RNN):
    """A layer of Keras that computes the whole sequence by one operator on the processor.

    Arguments and weights are those of Keras's layer; outputs, states and gradients agree to about
    1e-6. Where `fallback_reason` gives a reason, it computes as Keras does. Its class has the name
    of Keras's class, by which a file of weights names its groups, so weights load from one into the
    other.
    """

    kernel_cell: sequence.KernelCell

    def inner_loop(
        self, sequences: Tensor, initial_state: Any, mask: Tensor | None, training: bool = False
    ) -> Any:
        if fallback_reason(self) is not None:
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        self.supports_jit = False  # XLA does not know the operator
        cell: Any = self.cell
        x = tf.cast(sequences, tf.float32)  # (batch, time, features); Keras casts integers, too
        if training and cell.dropout:
            x = x * tf.expand_dims(cell.get_dropout_mask(x[:, 0, :]), 1)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        shape = tf.shape(x)[:2]
        steps = tf.ones(shape) if mask is None else tf.reshape(mask, shape)
        unmasked = tf.cast(steps, tf.bool)  # (batch, time)
        repeat = not self.zero_output_for_mask
        fused = sequence.FusedSequence(
            self.kernel_cell, unmasked, self.go_backwards, repeat, save_activations=bool(training)
        )
        weights = map(tf.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias))
        h, *states = fused.run(x, *weights, *initial_state)  # h: (batch, time, units)
        h.set_shape((x.shape[0], x.shape[1], cell.units))
        for state in states:
            state.set_shape((x.shape[0], cell.units))
        if self.go_backwards:  # Keras returns the outputs in the order of computation
            h = tf.reverse(h, [1])
        last = states[0]
        if mask is not None:  # Keras's last output of a fully masked row is zero, not its state
            last = tf.where(tf.reduce_any(unmasked, 1, True), last, 0.0) if repeat else h[:, -1]
        return last, h if self.return_sequences else last[:, None], states


def fallback_reason(layer: FusedRNN) -> str | None:
    """Return the parameter that prevents the kernel for this layer, with its value; None if none
    does."""
    cell: Any = layer.cell
    activation, gate = cell.activation, cell.recurrent_activation
    reasons = {
        f"activation={activation.__name__}": activation is not keras.activations.tanh,
        f"recurrent_activation={gate.__name__}": gate is not keras.activations.sigmoid,
        f"recurrent_dropout={cell.recurrent_dropout:g}": bool(cell.recurrent_dropout),
        "use_bias=False": not cell.use_bias,
        "reset_after=False": not getattr(cell, "reset_after", True),
        "unroll=True": layer.unroll,
        f"compute precision {layer.compute_dtype}": layer.compute_dtype != "float32",
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@keras.saving.register_keras_serializable("conveyor")
class LSTM(FusedRNN, layers.LSTM):
    """keras.layers.LSTM on the compiled kernel."""

    kernel_cell = sequence.LSTM


@keras.saving.register_keras_serializable("conveyor")
class GRU(FusedRNN, layers.GRU):
    """keras.layers.GRU on the compiled kernel."""

    kernel_cell = sequence.GRU
