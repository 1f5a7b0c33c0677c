"""keras.layers.LSTM on the compiled kernel: same weights, outputs and gradients."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from conveyor.models.kernels.library import operators

Tensor = Any
ZERO = tf.UnconnectedGradients.ZERO
# (x, kernel, recurrent, bias, h0, c0): x (batch, time, features), the states (batch, units)
Arguments = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
Outputs = tuple[Tensor, Tensor, Tensor]  # h (batch, time, units); h and c after the last step


def fused_lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    h0: Tensor,
    c0: Tensor,
    mask: Tensor,
    *,
    reverse: bool = False,
    repeat: bool = True,
    keep: bool = True,
) -> Outputs:
    """One LSTM layer over whole sequences; tanh and sigmoid, float32.

    Args:
        x: (batch, time, features).
        kernel, recurrent, bias: Keras's weights: (features, 4 units), (units, 4 units), (4 units,).
        h0, c0: (batch, units), the states before the first step.
        mask: bool (batch, time). A step that is False keeps the states.
        reverse: from the last step to the first; outputs stay where their inputs are.
        repeat: at a masked step, the output before it once more; else zeros.
        keep: keep what a gradient needs; without it, a gradient computes the layer once more.

    Returns:
        h (batch, time, units), and the last h and c (batch, units). A gradient of the gradient is
        computed step by step, by the same equations in TensorFlow's operations.
    """

    @tf.custom_gradient
    def layer(*arguments: Tensor) -> tuple[Outputs, Any]:
        made = _forward(arguments, mask, reverse, repeat, keep)

        def grad(*received: Tensor) -> Any:
            kept = made if keep else _forward(arguments, mask, reverse, repeat, True)
            reserve = (kept.gates, kept.c, kept.h_before)
            return _first_gradient(arguments, mask, received, reserve, reverse, repeat)

        return (made.h, made.h_last, made.c_last), grad

    outputs: Any = layer(x, kernel, recurrent, bias, h0, c0)
    return outputs


def _forward(arguments: Any, mask: Tensor, reverse: bool, repeat: bool, keep: bool) -> Any:
    x, kernel, recurrent, bias, h0, c0 = arguments
    return operators().conveyor_lstm(
        x=x, kernel=kernel, recurrent=recurrent, bias=bias, h0=h0, c0=c0, mask=mask,
        reverse=reverse, repeat=repeat, keep=keep,
    )  # fmt: skip


def _first_gradient(
    arguments: Any, mask: Tensor, received: Any, reserve: Any, reverse: bool, repeat: bool
) -> Any:
    """Gradients of the six arguments, themselves differentiable."""

    @tf.custom_gradient
    def gradient(*given: Tensor) -> tuple[Any, Any]:
        inputs, passed = given[:6], given[6:]
        found = _backward(inputs, mask, passed, reserve, reverse, repeat)

        def again(*second: Tensor) -> Any:
            with tf.GradientTape() as outer:
                outer.watch(list(given))
                with tf.GradientTape() as inner:
                    inner.watch(list(inputs))
                    outputs = _step_by_step(inputs, mask, reverse, repeat)
                first: Any = inner.gradient(list(outputs), list(inputs), list(passed), ZERO)
            return outer.gradient(first, list(given), list(second), ZERO)

        return found, again

    return gradient(*arguments, *received)


def _backward(
    arguments: Any, mask: Tensor, received: Any, reserve: Any, reverse: bool, repeat: bool
) -> Any:
    """Back through time."""
    x, kernel, recurrent, _, _, c0 = arguments
    gates, c, h_before = reserve
    dh, dh_last, dc_last = received
    found = operators().conveyor_lstm_grad(
        x=x, recurrent=recurrent, c0=c0, mask=mask, gates=gates, c=c, h_before=h_before, dh=dh,
        dh_last=dh_last, dc_last=dc_last, reverse=reverse, repeat=repeat,
    )  # fmt: skip
    # An operator of its own, so that a graph leaves it out where nobody asks for it.
    dz = tf.reshape(found.dz, (-1, kernel.shape[1]))  # one product, not one for each sequence
    dx = tf.reshape(tf.matmul(dz, kernel, transpose_b=True), tf.shape(x))
    return dx, found.dkernel, found.drecurrent, found.dbias, found.dh0, found.dc0


def _step_by_step(arguments: Any, mask: Tensor, reverse: bool, repeat: bool) -> Outputs:
    """The same layer in TensorFlow's own operations, for second derivatives."""
    x, kernel, recurrent, bias, h0, c0 = arguments
    flip = (lambda t: tf.reverse(t, [1])) if reverse else (lambda t: t)
    inputs = tf.transpose(flip(x) @ kernel + bias, (1, 0, 2))
    kept = tf.expand_dims(tf.transpose(flip(mask)), -1)

    def step(before: Any, now: Any) -> Any:
        h, c, shown = before
        z, alive = now
        i, f, g, o = tf.split(z + h @ recurrent, 4, axis=-1)
        c_new = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h_new = tf.sigmoid(o) * tf.tanh(c_new)
        masked = shown if repeat else tf.zeros_like(shown)
        return (tf.where(alive, h_new, h), tf.where(alive, c_new, c),
                tf.where(alive, h_new, masked))  # fmt: skip

    h, c, shown = tf.scan(step, (inputs, kept), initializer=(h0, c0, tf.zeros_like(h0)))
    return flip(tf.transpose(shown, (1, 0, 2))), h[-1], c[-1]


def obstacle(layer: layers.LSTM) -> str | None:
    """Why the kernel cannot serve this layer, as the parameter to change; None where it can."""
    cell = layer.cell
    reasons = {
        f"activation={cell.activation.__name__}": cell.activation is not keras.activations.tanh,
        f"recurrent_activation={cell.recurrent_activation.__name__}":
            cell.recurrent_activation is not keras.activations.sigmoid,
        f"recurrent_dropout={cell.recurrent_dropout:g}": bool(cell.recurrent_dropout),
        "use_bias=False": not cell.use_bias,
        "unroll=True": layer.unroll,
        f"compute precision {layer.compute_dtype}": layer.compute_dtype != "float32",
    }  # fmt: skip
    return next((reason for reason, holds in reasons.items() if holds), None)


@keras.saving.register_keras_serializable("conveyor")
class LSTM(layers.LSTM):
    """keras.layers.LSTM whose whole sequence is one operator on the processor.

    Its name is that of Keras's, after which a file of weights names its groups: so a file of
    one loads into the other.

    Takes what keras.layers.LSTM takes, has its weights, and gives its outputs, states and
    gradients to about 1e-6. Where `obstacle` names a reason, it computes as Keras does.
    """

    def inner_loop(
        self, sequences: Tensor, initial_state: Any, mask: Tensor | None, training: bool = False
    ) -> Any:
        if obstacle(self) is not None:
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        self.supports_jit = False  # XLA does not know the operator
        cell: Any = self.cell
        x = sequences
        if training and self.dropout:
            x = x * tf.expand_dims(cell.get_dropout_mask(x[:, 0, :]), 1)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        repeat = not self.zero_output_for_mask
        steps = tf.shape(x)[:2]
        kept = (
            tf.ones(steps, tf.bool) if mask is None else tf.reshape(tf.cast(mask, tf.bool), steps)
        )
        kernel, recurrent, bias = map(
            tf.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias)
        )
        h0, c0 = initial_state
        h, h_last, c_last = fused_lstm(
            x, kernel, recurrent, bias, h0, c0, kept,
            reverse=self.go_backwards, repeat=repeat, keep=bool(training),
        )  # fmt: skip
        h.set_shape((x.shape[0], x.shape[1], self.units))
        for state in (h_last, c_last):
            state.set_shape((x.shape[0], self.units))
        if self.go_backwards:  # Keras gives the outputs in the order of computation
            h = tf.reverse(h, [1])
        last = h_last
        if mask is not None:  # Keras's last output is no state: a row all masked has none
            last = tf.where(tf.reduce_any(kept, 1, True), last, 0.0) if repeat else h[:, -1]
        return last, h if self.return_sequences else last[:, None], [h_last, c_last]
