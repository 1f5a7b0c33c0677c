"""What a model costs: parameters, floating-point operations, memory."""

from dataclasses import dataclass

import keras

from conveyor.config import Cell, Model
from conveyor.models.build import width

GATES: dict[Cell, int] = {"lstm": 4, "gru": 3, "simple": 1}  # matrix products a step and direction
BYTES = 4  # a float32


@dataclass(frozen=True)
class Description:
    """Costs of one model.

    Attributes:
        parameters: trainable weights.
        flops: multiplications and additions of the matrix products for one sequence of `length`
            steps, forward; a training step takes about three times as many. Element-wise work
            (activations, gates, normalisation) is left out: it is linear in the units.
        weight_bytes: the weights in float32.
        training_bytes: a batch of `batch_size` such sequences in training: layer outputs and gate
            activations kept for the backward pass, and weights with gradients and two
            optimizer slots. A lower bound.
    """

    length: int
    parameters: int
    flops: int
    weight_bytes: int
    training_bytes: int


def describe(
    model: keras.Model, config: Model, *, features: int, length: int, batch_size: int
) -> Description:
    """Costs for sequences of `length` steps; `features` is the width of a step that the first
    recurrent layer sees (channels, or the embedding's width)."""
    directions = 2 if config.bidirectional else 1
    flops, kept, below = 0, 0, features
    for depth, units in enumerate(config.units):
        gates = GATES[config.cell]
        flops += 2 * length * directions * gates * units * (below + units)
        kept += length * directions * units * (gates + 2)  # gates, state, output
        below = width(config, depth)
    if config.pooling == "attention":
        flops += 2 * length * below * 2
    classes = model.output_shape[-1]
    flops += 2 * below * classes
    parameters = sum(int(w.numpy().size) for w in model.trainable_weights)
    return Description(
        length=length,
        parameters=parameters,
        flops=flops,
        weight_bytes=BYTES * parameters,
        training_bytes=BYTES * (4 * parameters + batch_size * kept),
    )
