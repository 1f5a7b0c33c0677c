"""A recurrent layer over whole sequences as one operator, with its gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from conveyor.models.kernels.library import operators

Tensor = Any


@dataclass(frozen=True)
class KernelCell:
    """What a compiled cell computes.

    Attributes:
        name: of its source in native/.
        states: number of its states.
        kernel_of_dz: Keras's kernel with its columns in the order of the gradient of the sums.
    """

    name: str
    states: int
    kernel_of_dz: Callable[[Tensor], Tensor]


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
            h (batch, time, units), and the last states (batch, units). They have a gradient, which
            has none itself: TensorFlow raises a LookupError for a second derivative.

        Raises:
            InvalidArgumentError: shapes that do not fit.
            ResourceExhaustedError: not enough memory.
        """

        @tf.custom_gradient
        def layer(*inputs: Tensor) -> tuple[list[Tensor], Any]:
            outputs = self._forward(inputs, save=self.save_activations)

            def grad(*output_gradients: Tensor) -> Any:
                forward = outputs if self.save_activations else self._forward(inputs, save=True)
                return self._backward(inputs, output_gradients, forward)

            last_states = outputs[2 : 2 + self.cell.states]  # h_last, and c_last of an LSTM
            return [outputs.h, *last_states], grad

        results: Any = layer(*inputs)
        return results

    def _operator(self, suffix: str = "") -> Callable[..., Any]:
        operator = getattr(operators(self.cell.name), f"conveyor_{self.cell.name}{suffix}")
        return partial(operator, mask=self.mask, reverse=self.reverse, repeat=self.repeat_output)

    def _forward(self, inputs: Any, *, save: bool) -> Any:
        """The operator's outputs by name; `saved` and `c` are empty unless `save` is set.

        Returns:
            h (batch, time, units), saved (batch, time, sums * units), h_last (batch, units), and of
            an LSTM c_last (batch, units) and c (batch, time, units).
        """
        x, kernel, recurrent, bias, h0, *c0 = inputs
        states = {"h0": h0, "c0": c0[0]} if c0 else {"h0": h0}
        weights = {"kernel": kernel, "recurrent": recurrent, "bias": bias}
        return self._operator()(x=x, **weights, **states, save=save)

    def _backward(self, inputs: Any, output_gradients: Any, forward: Any) -> Any:
        """Gradients of the inputs, weights and states, by backpropagation through time."""
        x, kernel, recurrent, _, h0, *c0 = inputs
        dh, dh_last, *dc_last = output_gradients
        states = {"h": forward.h, "h0": h0, "dh": dh, "dh_last": dh_last}
        if c0:
            states |= {"c": forward.c, "c0": c0[0], "dc_last": dc_last[0]}
        gradients = self._operator("_grad")(x=x, recurrent=recurrent, saved=forward.saved, **states)
        # The gradient of x is an operation of its own: a graph that does not need it drops it.
        columns = self.cell.kernel_of_dz(kernel)
        dz = tf.reshape(gradients.dz, (-1, columns.shape[1]))  # (batch * time, sums * units)
        dx = tf.reshape(tf.matmul(dz, columns, transpose_b=True), tf.shape(x))
        d_states = [gradients.dh0, *([gradients.dc0] if c0 else [])]
        return dx, gradients.dkernel, gradients.drecurrent, gradients.dbias, *d_states


def _gru_columns(kernel: Tensor) -> Tensor:
    """Reorder to candidate, update, reset, and zeros for the sum that x does not enter."""
    update, reset, candidate = tf.split(kernel, 3, axis=-1)
    return tf.concat([candidate, update, reset, tf.zeros_like(update)], axis=-1)


LSTM = KernelCell("lstm", 2, lambda kernel: kernel)
GRU = KernelCell("gru", 1, _gru_columns)
