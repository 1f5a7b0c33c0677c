"""The recurrent layers as ONNX's native operators."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from conveyor.config import Model
from conveyor.config.sections import Activation
from conveyor.models.build import returns_last_state
from conveyor.models.cells import find_cell
from conveyor.models.onnx_graph import Graph

Array = NDArray[np.float32]

HARD_SIGMOID = (1 / 6, 0.5)  # slope and offset of Keras 3's; ONNX's own default slope is 0.2


def add_recurrent(
    graph: Graph, model: keras.Model, config: Model, depth: int, x: str, lengths: str
) -> str:
    """Add layer `depth` with its residual connection and normalisation, and return its output.

    Args:
        x: name of its input, (time, batch, width).
        lengths: name of the steps of each row, int32 (batch,).

    Returns:
        The name of (time, batch, width), or of (batch, width) where only the last state is wanted.
    """
    cell, name = find_cell(config.cell), f"{config.cell}_{depth}"
    layer = model.get_layer(f"bidirectional_{depth}" if config.bidirectional else name)
    sequence, state = graph.add(
        cell.onnx_operator,
        x,
        *_recurrent_weights(graph, name, cell.gate_order, layer.get_weights()),
        lengths,
        outputs=2,
        hidden_size=config.units[depth],
        direction="bidirectional" if config.bidirectional else "forward",
        **_activations(config),
        **cell.onnx_attributes,
    )
    if returns_last_state(config, depth):  # state: (directions, batch, units)
        y = graph.op("Transpose", state, perm=[1, 0, 2])  # (batch, directions, units)
        y = graph.op("Reshape", y, graph.weight("join_state", [0, -1], np.int64))
    else:  # sequence: (time, directions, batch, units)
        y = graph.op("Transpose", sequence, perm=[0, 2, 1, 3])  # (time, batch, directions, units)
        y = graph.op("Reshape", y, graph.weight("join_sequence", [0, 0, -1], np.int64))
    if f"residual_{depth}" in {layer.name for layer in model.layers}:
        y = graph.op("Add", x, y)
    if config.layer_norm:
        y = _layer_norm(graph, model.get_layer(f"norm_{depth}"), y)
    return y


def _recurrent_weights(
    graph: Graph, name: str, gate_order: tuple[int, ...], weights: list[Array]
) -> list[str]:
    """Add kernel, recurrent kernel and bias of all directions, and return their names.

    Args:
        weights: kernel, recurrent kernel and bias of the first direction, then of the second.
    """

    def reorder(array: Array) -> Array:  # (..., gates * units) -> (gates * units, ...)
        gates = np.split(array, len(gate_order), axis=-1)
        return np.concatenate([gates[gate] for gate in gate_order], axis=-1).T

    def join_biases(bias: Array) -> Array:  # (2, gates * units) in the GRU, else (gates * units,)
        pair = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        return np.concatenate([reorder(pair[0]), reorder(pair[1])])  # (2 * gates * units,)

    return [
        graph.weight(f"{name}_kernel", [reorder(kernel) for kernel in weights[0::3]]),
        graph.weight(f"{name}_recurrent", [reorder(recurrent) for recurrent in weights[1::3]]),
        graph.weight(f"{name}_bias", [join_biases(bias) for bias in weights[2::3]]),
    ]


def _activations(config: Model) -> dict[str, list[Any]]:
    """The operator's attributes for its activations: those of the gates, then of the candidate and
    the output, for each direction."""
    names: list[Activation] = [getattr(config, name) for name in find_cell(config.cell).activations]
    names *= 2 if config.bidirectional else 1
    onnx_names = [name.title().replace("_", "") for name in names]  # hard_sigmoid: HardSigmoid
    attributes: dict[str, list[Any]] = {"activations": onnx_names}
    if count := names.count("hard_sigmoid"):
        # ONNX Runtime reads these in order, one for each function that has parameters.
        attributes["activation_alpha"] = [HARD_SIGMOID[0]] * count
        attributes["activation_beta"] = [HARD_SIGMOID[1]] * count
    return attributes


def _layer_norm(graph: Graph, layer: Any, x: str) -> str:
    scale, offset = layer.get_weights()
    scale = graph.weight(f"{layer.name}_scale", scale)
    offset = graph.weight(f"{layer.name}_offset", offset)
    return graph.op("LayerNormalization", x, scale, offset, axis=-1, epsilon=float(layer.epsilon))
