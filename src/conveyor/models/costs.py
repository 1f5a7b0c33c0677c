"""The costs of a model: parameters, floating-point operations, memory."""

import math
from dataclasses import dataclass

import keras

from conveyor.config import Model
from conveyor.models.cells import find_cell

BYTES = 4  # of a float32


@dataclass(frozen=True)
class Costs:
    """Costs of one model.

    Attributes:
        length: steps of the sequence for which `flops` and `training_bytes` hold.
        parameters: trainable weights.
        flops: multiplications and additions of the matrix products for one sequence of `length`
            steps, forward; a training step takes about three times as many. Element-wise work
            (activations, gates, normalisation) is not counted: it is linear in the units.
        weight_bytes: size of the weights in float32.
        training_bytes: memory for a batch of such sequences in training: the layer outputs and
            gate activations that the backward pass needs, and weights with gradients and two
            optimizer slots. A lower bound.
    """

    length: int
    parameters: int
    flops: int
    weight_bytes: int
    training_bytes: int


def compute_costs(
    model: keras.Model, config: Model, *, length: int, batch_size: int, chunk: int | None = None
) -> Costs:
    """Compute the costs of a model of `build` for sequences of `length` steps, which are trained on
    in chunks of `chunk` steps (None: whole)."""
    flops = 0
    for layer in model.layers:
        kernels = [weight for weight in layer.weights if weight.name.endswith("kernel")]
        if not kernels:
            continue
        first = keras.tree.flatten(layer.input)[0]  # beside a mask
        # A head may read pooled features; a convolution over characters reads each of a step's.
        steps = length * math.prod(first.shape[2:-1]) if len(first.shape) > 2 else 1
        flops += 2 * steps * sum(weight.numpy().size for weight in kernels)
        if layer.name == "attention":  # the weighted sum of the steps, as many products again
            flops += 2 * steps * layer.input.shape[-1]
    # One step saves the gates, the state and the output of each unit.
    units = sum(config.units) * (2 if config.bidirectional else 1)
    activations = (
        min(length, chunk or length) * units * (len(find_cell(config.cell).gate_order) + 2)
    )
    parameters = sum(weight.numpy().size for weight in model.trainable_weights)
    return Costs(
        length=length,
        parameters=parameters,
        flops=flops,
        weight_bytes=BYTES * parameters,
        training_bytes=BYTES * (4 * parameters + batch_size * activations),
    )
