"""The costs of a model: parameters, floating-point operations, memory."""

from dataclasses import dataclass

import keras

from conveyor.config import Model
from conveyor.models.build import output_width
from conveyor.models.cells import CELLS

BYTES = 4  # of a float32


@dataclass(frozen=True)
class Description:
    """Costs of one model.

    Attributes:
        length: steps of the sequence for which `flops` and `training_bytes` hold.
        parameters: trainable weights.
        flops: multiplications and additions of the matrix products for one sequence of `length`
            steps, forward; a training step takes about three times as many. Element-wise work
            (activations, gates, normalisation) is not counted: it is linear in the units.
        weight_bytes: size of the weights in float32.
        training_bytes: memory for a batch of `batch_size` such sequences in training: the layer
            outputs and gate activations that the backward pass needs, and weights with gradients
            and two optimizer slots. A lower bound.
    """

    length: int
    parameters: int
    flops: int
    weight_bytes: int
    training_bytes: int


def describe(
    model: keras.Model, config: Model, *, features: int, length: int, batch_size: int
) -> Description:
    """Compute the costs for sequences of `length` steps.

    Args:
        features: width of a step at the first recurrent layer: channels, or the embedding's width.
    """
    directions = 2 if config.bidirectional else 1
    gates = CELLS[config.cell].gates
    flops, activations, inputs = 0, 0, features
    for depth, units in enumerate(config.units):
        flops += 2 * length * directions * gates * units * (inputs + units)
        activations += length * directions * units * (gates + 2)  # gates, state, output
        inputs = output_width(config, depth)
    if config.pooling == "attention":
        flops += 2 * length * inputs * 2
    classes = model.output_shape[-1]
    flops += 2 * inputs * classes
    parameters = sum(int(w.numpy().size) for w in model.trainable_weights)
    return Description(
        length=length,
        parameters=parameters,
        flops=flops,
        weight_bytes=BYTES * parameters,
        training_bytes=BYTES * (4 * parameters + batch_size * activations),
    )
