"""Keras's Adam and AdamW, each variable's update one operator of TensorFlow's.

Keras composes an update of some fifteen operations, whose tracing and running cost more than
the arithmetic: a third of a step of a small network. States and formula are Keras's; results agree
to rounding. The gradient of an embedding keeps Keras's own update, which squares the parts of a
token that occurs several times one by one.
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
        at = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        beta_1, beta_2, epsilon = (
            tf.constant(value, variable.dtype) for value in (self.beta_1, self.beta_2, self.epsilon)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[at].value.handle,
            v=self._velocities[at].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )


class Adam(_OneOperator, keras.optimizers.Adam):
    pass


class AdamW(_OneOperator, keras.optimizers.AdamW):
    pass
