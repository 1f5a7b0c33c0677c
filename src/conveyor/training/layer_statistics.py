"""What happens inside the layers of a network while it trains: saturated gates, dead units, norms.

At each validation, a few training rows pass through the layers, without dropout, and give

- the norm of the weights of each layer,
- the share of the gates of each LSTM or GRU layer that are saturated, over rows, steps and units:
  below 0.1 (shut) or above 0.9 (open), as Karpathy et al. count them (2015, Visualizing and
  understanding recurrent networks, arXiv:1506.02078),
- the share of the dead units of each recurrent layer and each convolution: units whose output is
  the same at all steps of all these rows.

The norms of gradients are those of the updates themselves, see `Trainer`: nothing passes back here,
which would cost more than all the rest. Nothing of it changes the fit: weights, random generators
and moving averages stay.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from conveyor.encoding.network_inputs import NetworkInputs
from conveyor.metrics.layers import DEAD_UNITS, SATURATED_GATES, WEIGHT_NORM, name_metric
from conveyor.models.front import NORM_SUFFIX
from conveyor.tasks.facets import Head, reads_windows
from conveyor.training.batches import BatchReader
from conveyor.training.history import Metrics
from conveyor.training.layer_norms import LayerNorms
from conveyor.training.unit_statistics import (
    Units,
    has_units,
    read_units,
    share_dead,
    share_saturated,
)

# Training rows that are looked at, and their first steps: as many as cost little beside the
# updates between two validations.
ROWS, STEPS = 8, 500

Tensor = Any


class LayerStatistics:
    """Measures a model, always by the same rows.

    Args:
        inputs: of rows that the model is trained on; see `choose_inputs`.
    """

    def __init__(self, model: keras.Model, inputs: NetworkInputs) -> None:
        self._model, self._norms = model, LayerNorms(model)
        self._inputs = {name: tf.constant(values) for name, values in inputs.items()}
        self._with_units = [layer for layer in model.layers if has_units(layer)]
        parts = {layer.name: [*layer.input, layer.output] for layer in self._with_units}
        self._network = keras.Model(model.inputs, parts)
        # A graph of the forward pass alone: without a graph, a pass takes twenty times as long.
        self._graph = tf.function(self._pass, autograph=False, jit_compile=False)

    def measure(self) -> Metrics:
        """Return the statistics of the model as it is now, by the names of `metrics.layers`."""
        norms, units = self._graph()
        statistics = {
            name_metric(WEIGHT_NORM, name): float(norm)
            for name, norm in zip(self._norms.layers, norms.numpy(), strict=True)
        }
        for layer, of_layer in zip(self._with_units, units, strict=True):
            name = layer.name.removesuffix(NORM_SUFFIX)  # of the convolution
            saturated = share_saturated(of_layer)
            if saturated is not None:
                statistics[name_metric(SATURATED_GATES, name)] = saturated
            statistics[name_metric(DEAD_UNITS, name)] = share_dead(of_layer)
        return statistics

    def _pass(self) -> tuple[Tensor, list[Units]]:
        """Return the norms of the weights, and what the units of each layer give."""
        # Keras's recurrent layers draw from their generators even where they drop nothing.
        generators = _generators(self._model)
        states = [tf.identity(state) for state in generators]
        parts = self._network(self._inputs, training=False)
        units = [read_units(layer, *parts[layer.name]) for layer in self._with_units]
        for generator, state in zip(generators, states, strict=True):
            generator.assign(state)
        return self._norms.compute(self._model.trainable_variables), units


def _generators(model: keras.Model) -> list[Any]:
    """Return the states of the random generators: the variables that are no weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def choose_inputs(rows: BatchReader, head: Head) -> NetworkInputs:
    """Return the inputs of a few evenly spaced rows, of which long ones lose their last steps."""
    count = len(rows.lengths)
    places = np.linspace(0, count - 1, min(count, ROWS)).astype(np.int64)
    inputs, _ = next(rows.read([places]))
    lengths = inputs["lengths"]
    if lengths.max() <= STEPS or reads_windows(head):  # windows have a fixed number of steps
        return inputs
    cut = {"values": inputs["values"][:, :STEPS], "lengths": np.minimum(lengths, STEPS)}
    return {**inputs, **cut}
