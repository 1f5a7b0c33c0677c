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
    """Measures a compiled model, always by the same rows.

    Args:
        head: with which the model was built.
        batch: of rows that the model is trained on; see `choose_batch`.
    """

    def __init__(self, model: keras.Model, head: Head, batch: Batch) -> None:
        self._model, self._head = model, head
        inputs, targets = batch
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
        # Keras's recurrent layers draw from their generators even where they drop nothing.
        generators = _generators(self._model)
        states = [tf.identity(state) for state in generators]
        statistics = self._run()
        for generator, state in zip(generators, states, strict=True):
            generator.assign(state)
        return statistics

    def _run(self) -> dict[str, Tensor]:
        of_layer = {x.name: x.trainable_variables for x in self._model.layers if _has_matrix(x)}
        with tf.GradientTape() as tape:
            outputs, passages = self._network(self._inputs, training=False)
            loss = tf.reduce_mean(self._head.training_losses(self._targets, outputs))
        gradients = tape.gradient(
            loss, of_layer, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
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


def _generators(model: keras.Model) -> list[Any]:
    """Return the states of the random generators: the variables that are no weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _has_matrix(layer: keras.Layer) -> bool:
    """Tell whether a layer has more than scales and biases to learn."""
    return any(len(weight.shape) > 1 for weight in layer.trainable_variables)


def choose_batch(rows: BatchReader, head: Head) -> Batch:
    """Return a few evenly spaced rows, of which long ones lose their last steps."""
    count = len(rows.lengths)
    places = np.linspace(0, count - 1, min(count, ROWS)).astype(np.int64)
    inputs, targets = next(rows.read([places]))
    lengths = inputs["lengths"]
    if lengths.max() <= STEPS or reads_windows(head):  # windows have a fixed number of steps
        return inputs, targets
    cut = {"values": inputs["values"][:, :STEPS], "lengths": np.minimum(lengths, STEPS)}
    return {**inputs, **cut}, targets[:, :STEPS] if has_steps(rows.targets) else targets


def _norm(tensors: Any) -> Tensor:
    """Return the norm of all values of some tensors together. Slices of an embedding's gradient
    are joined first, since a token may have several."""
    dense = [tf.cast(tf.convert_to_tensor(tensor), tf.float32) for tensor in tensors]
    return tf.linalg.global_norm(dense)
