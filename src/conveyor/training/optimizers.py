"""Keras's Adam and AdamW, with one TensorFlow operator for the update of each variable.

Keras composes an update of some fifteen operations, whose tracing and dispatch cost more than
their arithmetic: a third of a step of a small network. States and formula are Keras's; results
agree up to rounding. The gradient of an embedding is sparse, and may hold a token several times.
Keras squares each of these slices, while the operator would square their sum, so embeddings get
Keras's own update.
"""

from typing import Any

import keras
import tensorflow as tf

Tensor = Any


class _OneOperator:
    """`update_step` of keras.optimizers.Adam without `amsgrad`."""

    def update_step(self: Any, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        if isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
            return
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        beta_1, beta_2, epsilon = (
            tf.constant(value, variable.dtype) for value in (self.beta_1, self.beta_2, self.epsilon)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )


class Adam(_OneOperator, keras.optimizers.Adam):
    """keras.optimizers.Adam with one operator for each update."""


class AdamW(_OneOperator, keras.optimizers.AdamW):
    """keras.optimizers.AdamW with one operator for each update."""
