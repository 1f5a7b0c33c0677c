"""The network as an ONNX graph with native recurrent operators.

It is written operator by operator from the weights, since converters unroll or loop what ONNX
Runtime runs as one fused LSTM, GRU or RNN. Operator semantics: ONNX operators, opset 17.
Inside the graph time comes first: (time, batch, features).
"""

from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from conveyor.config import Model
from conveyor.config.sections import Activation
from conveyor.models.build import LOWEST, returns_last_state
from conveyor.models.cells import CELLS
from conveyor.tasks.facets import Head

OPSET, IR_VERSION = 17, 9
Array = NDArray[np.float32]

HARD_SIGMOID = (1 / 6, 0.5)  # slope and offset of Keras 3's; ONNX's own default slope is 0.2


class Graph:
    """Collects nodes and weights; every method returns the names of what it adds."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """Add a node with several outputs, and return their names."""
        index = len(self.nodes)
        names = [f"{operator.lower()}_{index}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, f"n{index}", **attributes))
        return names

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, and return its name."""
        [name] = self.add(operator, *inputs, **attributes)
        return name

    def output(self, operator: str, name: str, *inputs: str, **attributes: Any) -> None:
        """Add the node that gives the graph's output, under its name."""
        self.nodes.append(helper.make_node(operator, inputs, [name], "head", **attributes))

    def dense(self, x: str, name: str, layer: keras.layers.Dense) -> str:
        """Add a dense layer without its activation, and return the name of its output.

        Args:
            x: name of its input, (batch, width).
            name: before the names of its weights.
        """
        kernel, bias = (
            self.weight(f"{name}_{part}", value)
            for part, value in zip(("kernel", "bias"), layer.get_weights(), strict=True)
        )
        return self.op("Gemm", x, kernel, bias)

    def weight(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant, and return its name."""
        array = np.ascontiguousarray(np.asarray(value, dtype=dtype))
        self.weights[name] = numpy_helper.from_array(array, name)
        return name

    def axis(self, index: int) -> str:
        """Add an axis as a constant, and return its name."""
        return self.weight(f"a{index}", [index], np.int64)


def to_onnx(model: keras.Model, config: Model, head: Head) -> onnx.ModelProto:
    """Translate a model of `build`.

    Args:
        head: with which the model was built.

    Returns:
        A graph of inputs `values` (int32 [batch, time] or float32 [batch, time, features]) and
        `lengths` (int32 [batch]), and one output ([batch, head.width], of the head's type).
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
    head.add_to_graph(graph, model, x)
    return _model(graph, model, head, text=text)


def _model(graph: Graph, model: keras.Model, head: Head, *, text: bool) -> onnx.ModelProto:
    tensor = helper.make_tensor_value_info
    features = () if text else (model.input["values"].shape[-1],)
    kind = TensorProto.INT32 if text else TensorProto.FLOAT
    values = tensor("values", kind, ["batch", "time", *features])
    lengths = tensor("lengths", TensorProto.INT32, ["batch"])
    output_type = helper.np_dtype_to_tensor_dtype(np.dtype(model.output.dtype))
    output = tensor(head.output_name, output_type, ["batch", head.width])
    weights = list(graph.weights.values())
    body = helper.make_graph(graph.nodes, model.name, [values, lengths], [output], weights)
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(body, opset_imports=[opset], producer_name="conveyor")
    proto.ir_version = IR_VERSION
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _recurrent_block(graph: Graph, model: keras.Model, config: Model, depth: int, x: str) -> str:
    cell, name = CELLS[config.cell], f"{config.cell}_{depth}"
    layer = model.get_layer(f"bidirectional_{depth}" if config.bidirectional else name)
    sequence, state = graph.add(
        cell.onnx_operator,
        x,
        *_recurrent_weights(graph, name, cell.gate_order, layer.get_weights()),
        "lengths",
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
    names: list[Activation] = [getattr(config, name) for name in CELLS[config.cell].activations]
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


def _mask(graph: Graph, x: str) -> str:
    """Add a boolean mask (time, batch, 1) that is true where a step is no padding."""
    time = graph.op("Gather", graph.op("Shape", x), graph.weight("first", 0, np.int64))
    bounds = graph.weight("zero", 0, np.int64), time, graph.weight("one", 1, np.int64)
    steps = graph.op("Unsqueeze", graph.op("Range", *bounds), graph.axis(1))
    lengths = graph.op("Cast", "lengths", to=TensorProto.INT64)
    inside = graph.op("Less", steps, graph.op("Unsqueeze", lengths, graph.axis(0)))
    return graph.op("Unsqueeze", inside, graph.axis(2))


def _mean(graph: Graph, model: keras.Model, x: str) -> str:
    masked = graph.op("Where", _mask(graph, x), x, graph.weight("nothing", 0.0))
    total = graph.op("ReduceSum", masked, graph.axis(0), keepdims=0)
    steps = graph.op("Cast", "lengths", to=TensorProto.FLOAT)
    return graph.op("Div", total, graph.op("Unsqueeze", steps, graph.axis(1)))


def _max(graph: Graph, model: keras.Model, x: str) -> str:
    masked = graph.op("Where", _mask(graph, x), x, graph.weight("lowest", LOWEST))
    return graph.op("ReduceMax", masked, axes=[0], keepdims=0)


def _attention(graph: Graph, model: keras.Model, x: str) -> str:
    kernel, bias = model.get_layer("attention").get_weights()
    scores = graph.op("MatMul", x, graph.weight("attention_kernel", kernel))
    scores = graph.op("Add", scores, graph.weight("attention_bias", bias))
    scores = graph.op("Where", _mask(graph, x), scores, graph.weight("lowest", LOWEST))
    weighted = graph.op("Mul", graph.op("Softmax", scores, axis=0), x)
    return graph.op("ReduceSum", weighted, graph.axis(0), keepdims=0)


POOLINGS = {"mean": _mean, "max": _max, "attention": _attention}
