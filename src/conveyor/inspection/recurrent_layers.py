"""Reads the recurrent layers of an exported network."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from conveyor.errors import InputError
from conveyor.inspection.equations import ACTIVATIONS, RUNS, CellWeights, Function, hard_sigmoid
from conveyor.serving.loaded_model import FLOAT_GRAPH, GRAPH


@dataclass(frozen=True)
class RecurrentLayer:
    """A recurrent layer of an ONNX graph.

    Attributes:
        operator: "LSTM", "GRU" or "RNN".
        source: name of the layer's input in the graph, (time, batch, inputs).
        directions: the weights of the forward direction, and of the backward one if there is one.
    """

    operator: str
    source: str
    directions: list[CellWeights]


def read_network(folder: Path) -> onnx.ModelProto:
    """Return the graph of a model folder, before quantisation if it is int8."""
    return onnx.load(folder / (FLOAT_GRAPH if (folder / FLOAT_GRAPH).exists() else GRAPH))


def find_recurrent_nodes(proto: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return the recurrent nodes of a graph that `models.onnx_network` wrote, the lowest first.

    Raises:
        InputError: there are none: a project's own cell has no operator of ONNX's.
    """
    nodes = [node for node in proto.graph.node if node.op_type in RUNS]
    if not nodes:
        raise InputError(
            f"model.cell: expected a cell that is an operator of ONNX ({', '.join(RUNS)}); got "
            "another. Train a model of the cell lstm, gru or simple"
        )
    return nodes


def read_layers(proto: onnx.ModelProto) -> list[RecurrentLayer]:
    """Return the recurrent layers of a graph, the lowest first; see `find_recurrent_nodes`."""
    weights = {item.name: item for item in proto.graph.initializer}
    return [_read_layer(node, weights) for node in find_recurrent_nodes(proto)]


def read_stride(proto: onnx.ModelProto) -> int:
    """Return how many steps of a row become one step of the recurrent layers, behind a front."""
    strides = [
        onnx.helper.get_attribute_value(item)[0]
        for node in proto.graph.node
        if node.op_type == "Conv"
        for item in node.attribute
        if item.name == "strides"
    ]
    return math.prod(strides)


def _read_layer(node: onnx.NodeProto, weights: Mapping[str, Any]) -> RecurrentLayer:
    attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    units = attributes["hidden_size"]
    source, *names = node.input[:4]
    kernels, recurrent, biases = (numpy_helper.to_array(weights[name]) for name in names)
    functions = _read_activations(attributes)
    count = len(functions) // len(kernels)  # of each direction
    directions = []
    for number, (kernel, state, bias) in enumerate(zip(kernels, recurrent, biases, strict=True)):
        input_bias, recurrent_bias = np.split(bias, 2)
        directions.append(
            CellWeights(
                _by_gate(kernel, units),
                _by_gate(state, units),
                input_bias.reshape(-1, units),
                recurrent_bias.reshape(-1, units),
                tuple(functions[number * count : (number + 1) * count]),
            )
        )
    return RecurrentLayer(node.op_type, source, directions)


def _by_gate(array: NDArray[Any], units: int) -> NDArray[Any]:
    """Part the rows, (gates * units, ...), by gate: (gates, units, ...)."""
    return array.reshape(-1, units, *array.shape[1:])


def _read_activations(attributes: Mapping[str, Any]) -> list[Function]:
    """Return the activations in the order of the attribute; those of hard sigmoids take their
    slopes and offsets in this order too."""
    parameters = zip(
        attributes.get("activation_alpha", []), attributes.get("activation_beta", []), strict=True
    )
    functions: list[Function] = []
    for name in attributes["activations"]:
        if name == b"HardSigmoid":
            slope, offset = next(parameters)
            functions.append(partial(hard_sigmoid, slope=slope, offset=offset))
        else:
            functions.append(ACTIVATIONS[name.decode()])
    return functions
