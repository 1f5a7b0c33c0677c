"""Norms by layer, of the weights of a network or of their gradients."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

Tensor = Any


class LayerNorms:
    """Computes the norm of all weights of a layer together, or of what has their shapes.

    Args:
        model: whose layers count if they learn more than scales and biases.

    Attributes:
        layers: their names, bottom to top.
    """

    def __init__(self, model: keras.Model) -> None:
        places = {id(weight): place for place, weight in enumerate(model.trainable_variables)}
        learning = [layer for layer in model.layers if _has_matrix(layer)]
        self.layers = [layer.name for layer in learning]
        self._places = [[places[id(w)] for w in layer.trainable_variables] for layer in learning]

    def compute(self, tensors: Sequence[Tensor | None]) -> Tensor:
        """Return the norm of each layer, float32 (layers,).

        Args:
            tensors: one for each of the model's trainable variables, in their order; None is zero.
        """
        squares = [
            tf.add_n([_sum_squares(tensors[place]) for place in places]) for places in self._places
        ]
        return tf.sqrt(tf.stack(squares))


def _has_matrix(layer: keras.Layer) -> bool:
    """Tell whether a layer has more than scales and biases to learn."""
    return any(len(weight.shape) > 1 for weight in layer.trainable_variables)


def _sum_squares(tensor: Any) -> Tensor:
    """Return the sum of the squares of all values, float32 ()."""
    if tensor is None:
        return tf.constant(0.0)
    if isinstance(tensor, tf.IndexedSlices):  # of an embedding: a token may have several slices
        indices, slots = tf.unique(tensor.indices)
        tensor = tf.math.unsorted_segment_sum(tensor.values, slots, tf.size(indices))
    return tf.reduce_sum(tf.square(tf.cast(tensor, tf.float32)))
