"""A recurrent layer over whole sequences as one operator, with first and second derivatives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from conveyor.models.kernels.library import operators

Tensor = Any
ZERO = tf.UnconnectedGradients.ZERO


@dataclass(frozen=True)
class KernelCell:
    """What a compiled cell computes.

    Attributes:
        name: of its source in native/.
        states: number of its states.
        step: (x, states, kernel, recurrent, bias) -> new states, of which the first is the output;
            the cell in TensorFlow's operations.
        kernel_of_dz: Keras's kernel with its columns in the order of the gradient of the sums.
    """

    name: str
    states: int
    step: Callable[[Tensor, Sequence[Tensor], Tensor, Tensor, Tensor], list[Tensor]]
    kernel_of_dz: Callable[[Tensor], Tensor]


class ForwardOutputs(NamedTuple):
    """Outputs of the forward operator; `activations` and `c` are empty unless they are saved."""

    h: Tensor  # (batch, time, units)
    activations: Tensor  # (batch, time, sums * units)
    h_last: Tensor  # (batch, units)
    c_last: Tensor = None  # (batch, units), LSTM only
    c: Tensor = None  # (batch, time, units), LSTM only


@dataclass(frozen=True)
class FusedSequence:
    """One layer over a batch of sequences, in float32.

    Its inputs are a tuple: x (batch, time, features), Keras's kernel, recurrent kernel and bias,
    and the states before the first step, each (batch, units).

    Attributes:
        cell: what a step computes.
        mask: bool (batch, time). The states do not change at a step that is False.
        reverse: from the last step to the first; outputs stay where their inputs are.
        repeat_output: a masked step gets the output of the step before; else zeros.
        save_activations: save what a gradient needs; else a gradient computes the layer again.
    """

    cell: KernelCell
    mask: Tensor
    reverse: bool = False
    repeat_output: bool = True
    save_activations: bool = True

    def run(self, *inputs: Tensor) -> list[Tensor]:
        """Compute the layer.

        Returns:
            h (batch, time, units), and the last states (batch, units). A second derivative is
            computed step by step, by the same equations in TensorFlow's operations.

        Raises:
            InvalidArgumentError: shapes that do not fit.
            ResourceExhaustedError: not enough memory.
        """

        @tf.custom_gradient
        def layer(*inputs: Tensor) -> tuple[list[Tensor], Any]:
            outputs = self._forward(inputs, save=self.save_activations)

            def grad(*output_gradients: Tensor) -> Any:
                saved = outputs if self.save_activations else self._forward(inputs, save=True)
                return self._first_gradient(inputs, output_gradients, saved)

            last_states = [outputs.h_last, outputs.c_last][: self.cell.states]
            return [outputs.h, *last_states], grad

        results: Any = layer(*inputs)
        return results

    def _operator(self, suffix: str = "") -> Callable[..., Any]:
        operator = getattr(operators(self.cell.name), f"conveyor_{self.cell.name}{suffix}")
        return partial(operator, mask=self.mask, reverse=self.reverse, repeat=self.repeat_output)

    def _forward(self, inputs: Any, *, save: bool) -> ForwardOutputs:
        x, kernel, recurrent, bias, h0, *c0 = inputs
        states = {"h0": h0, "c0": c0[0]} if c0 else {"h0": h0}
        weights = {"kernel": kernel, "recurrent": recurrent, "bias": bias}
        return ForwardOutputs(*self._operator()(x=x, **weights, **states, save=save))

    def _first_gradient(self, inputs: Any, output_gradients: Any, saved: ForwardOutputs) -> Any:
        """Gradients of the inputs, weights and states, which are differentiable themselves."""
        count = len(inputs)

        @tf.custom_gradient
        def gradient(*arguments: Tensor) -> tuple[Any, Any]:
            inputs, output_gradients = arguments[:count], arguments[count:]
            results = self._backward(inputs, output_gradients, saved)

            def second_gradient(*result_gradients: Tensor) -> Any:
                with tf.GradientTape() as outer:
                    outer.watch(list(arguments))
                    with tf.GradientTape() as inner:
                        inner.watch(list(inputs))
                        outputs = self._step_by_step(inputs)
                    first: Any = inner.gradient(outputs, list(inputs), list(output_gradients), ZERO)
                return outer.gradient(first, list(arguments), list(result_gradients), ZERO)

            return results, second_gradient

        return gradient(*inputs, *output_gradients)

    def _backward(self, inputs: Any, output_gradients: Any, saved: ForwardOutputs) -> Any:
        """Backpropagation through time."""
        x, kernel, recurrent, _, h0, *c0 = inputs
        dh, dh_last, *dc_last = output_gradients
        states = {"h": saved.h, "h0": h0, "dh": dh, "dh_last": dh_last}
        if c0:
            states |= {"c": saved.c, "c0": c0[0], "dc_last": dc_last[0]}
        gradients = self._operator("_grad")(
            x=x, recurrent=recurrent, saved=saved.activations, **states
        )
        # The gradient of x is an operation of its own: a graph that does not need it drops it.
        columns = self.cell.kernel_of_dz(kernel)
        dz = tf.reshape(gradients.dz, (-1, columns.shape[1]))  # (batch * time, sums * units)
        dx = tf.reshape(tf.matmul(dz, columns, transpose_b=True), tf.shape(x))
        d_states = [gradients.dh0, *([gradients.dc0] if c0 else [])]
        return dx, gradients.dkernel, gradients.drecurrent, gradients.dbias, *d_states

    def _step_by_step(self, inputs: Any) -> list[Tensor]:
        """The same layer in TensorFlow's own operations, for second derivatives."""
        x, kernel, recurrent, bias, *states = inputs
        flip = (lambda t: tf.reverse(t, [1])) if self.reverse else (lambda t: t)
        by_time = tf.transpose(flip(x), (1, 0, 2))  # (time, batch, features)
        unmasked = tf.expand_dims(tf.transpose(flip(self.mask)), -1)  # (time, batch, 1)

        def step(before: Any, inputs_of_step: Any) -> Any:
            *old_states, old_output = before
            x_step, unmasked_step = inputs_of_step
            new_states = self.cell.step(x_step, old_states, kernel, recurrent, bias)
            masked_output = old_output if self.repeat_output else tf.zeros_like(old_output)
            pairs = zip(new_states, old_states, strict=True)
            merged = (tf.where(unmasked_step, new, old) for new, old in pairs)
            return (*merged, tf.where(unmasked_step, new_states[0], masked_output))

        initial = (*states, tf.zeros_like(states[0]))
        *states_by_time, outputs = tf.scan(step, (by_time, unmasked), initializer=initial)
        return [flip(tf.transpose(outputs, (1, 0, 2))), *(state[-1] for state in states_by_time)]


def _lstm_step(
    x: Tensor, states: Sequence[Tensor], kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> list[Tensor]:
    h, c = states
    i, f, g, o = tf.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return [tf.sigmoid(o) * tf.tanh(c), c]


LSTM = KernelCell("lstm", 2, _lstm_step, lambda kernel: kernel)


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
    """Reorder to candidate, update, reset, and zeros for the sum that x does not enter."""
    update, reset, candidate = tf.split(kernel, 3, axis=-1)
    return tf.concat([candidate, update, reset, tf.zeros_like(update)], axis=-1)


GRU = KernelCell("gru", 1, _gru_step, _gru_columns)
