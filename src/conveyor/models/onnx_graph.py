"""The same network as an ONNX graph with native recurrent operators.

Written operator by operator from the weights, since converters unroll or loop what ONNX Runtime
runs as one fused LSTM, GRU or RNN. Operator semantics: ONNX operators, opset 17.
Inside the graph time comes first: (time, batch, channels).
"""

from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from conveyor.config import Activation, Cell, Model
from conveyor.models.build import GATED, LOWEST, collapses

OPSET, IR_VERSION = 17, 9
Array = NDArray[np.float32]

# Keras's order of gates on a kernel's last axis -> ONNX's (LSTM: i f c o -> i o f c).
GATE_ORDER: dict[Cell, tuple[int, ...]] = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "simple": (0,)}
OPERATOR: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "simple": "RNN"}
ACTIVATION: dict[Activation, str] = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "softsign": "Softsign",
    "hard_sigmoid": "HardSigmoid",
}
HARD_SIGMOID = (1 / 6, 0.5)  # slope and offset of Keras 3's; ONNX's own default slope is 0.2


class Graph:
    """Nodes and weights as they are added; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        at = len(self.nodes)
        names = [f"{operator.lower()}_{at}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, f"n{at}", **attributes))
        return names

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        [name] = self.add(operator, *inputs, **attributes)
        return name

    def weight(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        array = np.ascontiguousarray(np.asarray(value, dtype=dtype))
        self.weights[name] = numpy_helper.from_array(array, name)
        return name


def to_onnx(model: keras.Model, config: Model) -> onnx.ModelProto:
    """Translate a model of `build`.

    Returns:
        A graph of inputs `values` (int32 [batch, time] or float32 [batch, time, channels]) and
        `lengths` (int32 [batch]), and the output `probabilities` (float32 [batch, classes]).
    """
    graph = Graph()
    text = "embedding" in {layer.name for layer in model.layers}
    x = graph.op("Transpose", "values", perm=[1, 0] if text else [1, 0, 2])
    if text:
        table = model.get_layer("embedding").get_weights()[0]
        x = graph.op("Gather", graph.weight("embedding", table), x)
    for depth in range(len(config.units)):
        x = _recurrent_block(graph, model, config, depth, x)
    if config.pooling != "last":
        x = POOLINGS[config.pooling](graph, model, x)
    kernel, bias = model.get_layer("probabilities").get_weights()
    x = graph.op("Gemm", x, graph.weight("head_kernel", kernel), graph.weight("head_bias", bias))
    graph.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], "head", axis=-1))
    return _model(graph, model, text=text)


def _model(graph: Graph, model: keras.Model, *, text: bool) -> onnx.ModelProto:
    channels = () if text else (model.input["values"].shape[-1],)
    kind = TensorProto.INT32 if text else TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("values", kind, ["batch", "time", *channels]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    classes = model.output_shape[-1]
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])
    ]
    body = helper.make_graph(graph.nodes, model.name, inputs, outputs, list(graph.weights.values()))
    proto = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="conveyor"
    )
    proto.ir_version = IR_VERSION
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _recurrent_block(graph: Graph, model: keras.Model, config: Model, depth: int, x: str) -> str:
    name = f"{config.cell}_{depth}"
    if config.bidirectional:
        pair = model.get_layer(f"bidirectional_{depth}")
        directions = [pair.forward_layer.get_weights(), pair.backward_layer.get_weights()]
    else:
        directions = [model.get_layer(name).get_weights()]
    sequence, state = graph.add(
        OPERATOR[config.cell],
        x,
        *_recurrent_weights(graph, name, config.cell, directions),
        "lengths",
        outputs=2,
        hidden_size=config.units[depth],
        direction="bidirectional" if config.bidirectional else "forward",
        **_activations(config),
        **({"linear_before_reset": 1} if config.cell == "gru" else {}),
    )
    if collapses(config, depth):  # state: (directions, batch, units)
        y = graph.op("Transpose", state, perm=[1, 0, 2])
        y = graph.op("Reshape", y, graph.weight("join_state", [0, -1], np.int64))
    else:  # sequence: (time, directions, batch, units)
        y = graph.op("Transpose", sequence, perm=[0, 2, 1, 3])
        y = graph.op("Reshape", y, graph.weight("join_sequence", [0, 0, -1], np.int64))
    if f"residual_{depth}" in {layer.name for layer in model.layers}:
        y = graph.op("Add", x, y)
    if config.layer_norm:
        y = _layer_norm(graph, model.get_layer(f"norm_{depth}"), y)
    return y


def _recurrent_weights(
    graph: Graph, name: str, cell: Cell, directions: list[list[Array]]
) -> list[str]:
    def reordered(array: Array) -> Array:  # (..., gates * units), transposed to rows of gates
        parts = np.split(array, len(GATE_ORDER[cell]), axis=-1)
        return np.concatenate([parts[gate] for gate in GATE_ORDER[cell]], axis=-1).T

    def biases(bias: Array) -> Array:  # the GRU has one for the input and one for the state
        pair = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        return np.concatenate([reordered(pair[0]), reordered(pair[1])])

    return [
        graph.weight(f"{name}_kernel", [reordered(kernel) for kernel, _, _ in directions]),
        graph.weight(f"{name}_recurrent", [reordered(recurrent) for _, recurrent, _ in directions]),
        graph.weight(f"{name}_bias", [biases(bias) for _, _, bias in directions]),
    ]


def _activations(config: Model) -> dict[str, list[Any]]:
    """Attributes of the operator: the gates' function, then the candidate's and the output's."""
    names: list[Activation] = [config.activation]
    if config.cell in GATED:
        names = [config.recurrent_activation, config.activation]
    if config.cell == "lstm":
        names.append(config.activation)
    names *= 2 if config.bidirectional else 1
    attributes: dict[str, list[Any]] = {"activations": [ACTIVATION[name] for name in names]}
    if "hard_sigmoid" in names:
        # One entry a function; ONNX Runtime reads them in order, only for those that take any.
        taking = sum(name == "hard_sigmoid" for name in names)
        attributes["activation_alpha"] = [HARD_SIGMOID[0]] * taking
        attributes["activation_beta"] = [HARD_SIGMOID[1]] * taking
    return attributes


def _layer_norm(graph: Graph, layer: Any, x: str) -> str:
    scale, offset = layer.get_weights()
    return graph.op(
        "LayerNormalization",
        x,
        graph.weight(f"{layer.name}_scale", scale),
        graph.weight(f"{layer.name}_offset", offset),
        axis=-1,
        epsilon=float(layer.epsilon),
    )


def _mask(graph: Graph, x: str) -> str:
    """(time, batch, 1) booleans: the steps that are no padding."""
    time = graph.op("Gather", graph.op("Shape", x), graph.weight("first", 0, np.int64))
    bounds = graph.weight("zero", 0, np.int64), time, graph.weight("one", 1, np.int64)
    steps = graph.op("Unsqueeze", graph.op("Range", *bounds), graph.weight("a1", [1], np.int64))
    lengths = graph.op("Cast", "lengths", to=TensorProto.INT64)
    inside = graph.op(
        "Less", steps, graph.op("Unsqueeze", lengths, graph.weight("a0", [0], np.int64))
    )
    return graph.op("Unsqueeze", inside, graph.weight("a2", [2], np.int64))


def _mean(graph: Graph, model: keras.Model, x: str) -> str:
    kept = graph.op("Where", _mask(graph, x), x, graph.weight("nothing", 0.0))
    total = graph.op("ReduceSum", kept, graph.weight("a0", [0], np.int64), keepdims=0)
    steps = graph.op("Cast", "lengths", to=TensorProto.FLOAT)
    return graph.op("Div", total, graph.op("Unsqueeze", steps, graph.weight("a1", [1], np.int64)))


def _max(graph: Graph, model: keras.Model, x: str) -> str:
    kept = graph.op("Where", _mask(graph, x), x, graph.weight("lowest", LOWEST))
    return graph.op("ReduceMax", kept, axes=[0], keepdims=0)


def _attention(graph: Graph, model: keras.Model, x: str) -> str:
    kernel, bias = model.get_layer("attention").get_weights()
    scores = graph.op("MatMul", x, graph.weight("attention_kernel", kernel))
    scores = graph.op("Add", scores, graph.weight("attention_bias", bias))
    scores = graph.op("Where", _mask(graph, x), scores, graph.weight("lowest", LOWEST))
    weighed = graph.op("Mul", graph.op("Softmax", scores, axis=0), x)
    return graph.op("ReduceSum", weighed, graph.weight("a0", [0], np.int64), keepdims=0)


POOLINGS = {"mean": _mean, "max": _max, "attention": _attention}
