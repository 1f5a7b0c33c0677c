"""What happens inside the layers of a network while it trains: norms, saturated gates, dead units.

At each validation, some training rows pass through the network and back once more, without dropout:

- the norm of the loss's gradient by the weights of each layer, before any clipping,
- the norm of the weights of each layer,
- the share of the gates of each LSTM or GRU layer that are saturated, over rows, steps and units:
  below 0.1 (shut) or above 0.9 (open), as Karpathy et al. count them (2015, Visualizing and
  understanding recurrent networks, arXiv:1506.02078),
- the share of the dead units of each recurrent layer and each convolution: units whose output is
  the same at all steps of all these rows.

Nothing of it changes the fit: weights, random generators and moving averages stay.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from conveyor.metrics.layers import (
    DEAD_UNITS,
    GRADIENT_NORM,
    SATURATED_GATES,
    WEIGHT_NORM,
    name_metric,
)
from conveyor.metrics.steps import has_steps
from conveyor.models.front import NORM_SUFFIX
from conveyor.tasks.facets import Head, reads_windows
from conveyor.training.batches import Batch, BatchReader
from conveyor.training.history import Metrics
from conveyor.training.unit_statistics import Passage, has_units, measure_units

# Training rows that are looked at, and their first steps: as many as cost little beside the
# updates between two validations.
ROWS, STEPS = 8, 500

Tensor = Any


class LayerStatistics:
    """Measures a compiled model, always by the same training rows.

    Args:
        head: with which the model was built.
        rows: that the model is trained on.
    """

    def __init__(self, model: keras.Model, head: Head, rows: BatchReader) -> None:
        self._model, self._head = model, head
        # A window has a fixed number of steps.
        inputs, targets = _choose_rows(rows, None if reads_windows(head) else STEPS)
        self._inputs = {name: tf.constant(values) for name, values in inputs.items()}
        self._targets = tf.constant(targets)
        self._with_units = [layer for layer in model.layers if has_units(layer)]
        passages = [[*layer.input, layer.output] for layer in self._with_units]
        self._network = keras.Model(model.inputs, [model.output, passages])
        self._graph = tf.function(self._measure, autograph=False, jit_compile=False)

    def measure(self) -> Metrics:
        """Return the statistics of the model as it is now, by the names of `metrics.layers`."""
        return {name: float(value) for name, value in self._graph().items()}

    def _measure(self) -> dict[str, Tensor]:
        of_layer = {x.name: x.trainable_variables for x in self._model.layers if _has_matrix(x)}
        with tf.GradientTape() as tape:
            outputs, passages = self._network(self._inputs, training=False)
            loss = tf.reduce_mean(self._head.training_losses(self._targets, outputs))
        gradients = tape.gradient(loss, of_layer, unconnected_gradients="zero")
        statistics: dict[str, Tensor] = {}
        for name, weights in of_layer.items():
            statistics[name_metric(GRADIENT_NORM, name)] = _norm(gradients[name])
            statistics[name_metric(WEIGHT_NORM, name)] = _norm(weights)
        for layer, passage in zip(self._with_units, passages, strict=True):
            saturated, dead = measure_units(Passage(layer, *passage))
            name = layer.name.removesuffix(NORM_SUFFIX)  # of the convolution
            if saturated is not None:
                statistics[name_metric(SATURATED_GATES, name)] = saturated
            statistics[name_metric(DEAD_UNITS, name)] = dead
        return statistics


def _has_matrix(layer: keras.Layer) -> bool:
    """Tell whether a layer has more than scales and biases to learn."""
    return any(len(weight.shape) > 1 for weight in layer.trainable_variables)


def _choose_rows(rows: BatchReader, steps: int | None) -> Batch:
    """Return evenly spaced rows as a batch, of at most so many steps each."""
    count = len(rows.lengths)
    places = np.linspace(0, count - 1, min(count, ROWS)).astype(np.int64)
    inputs, targets = next(rows.read([places]))
    lengths = inputs["lengths"]
    if steps is None or lengths.max() <= steps:
        return inputs, targets
    cut = {"values": inputs["values"][:, :steps], "lengths": np.minimum(lengths, steps)}
    return {**inputs, **cut}, targets[:, :steps] if has_steps(rows.targets) else targets


def _norm(tensors: Any) -> Tensor:
    """Return the norm of all values of some tensors together. Slices of an embedding's gradient
    are joined first, since a token may have several."""
    dense = [tf.cast(tf.convert_to_tensor(tensor), tf.float32) for tensor in tensors]
    return tf.linalg.global_norm(dense)
