"""An exported graph as two: one reads the next steps of a row, the other answers.

ONNX Runtime computes both, by the operators of the whole graph, so a stream is as exact and as fast
as a whole row. A graph is read as `models.onnx_network` writes it: recurrent layers on top of each
other, a pooling, the head.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

from conveyor.errors import InputError

STATE_COUNTS = {"LSTM": 2, "GRU": 1, "RNN": 1}  # of the recurrent operators
FIRST_STATE = 5  # position of the first state among an operator's inputs
STEPWISE = ("Add", "LayerNormalization")  # what follows a recurrent layer, and changes each step


class StreamError(InputError):
    """A network that cannot read a row step by step; the message says which setting prevents it."""


@dataclass(frozen=True)
class StreamGraph:
    """The two parts of a network.

    Attributes:
        reader: of `values` (1, steps, features), `lengths` (1,) and the states, each (1, 1, units)
            under its name -> what the pooling needs of the steps, (1, width), and the states after
            them.
        answer: of the pooled features, named `pooled`, (1, width), and `static` where the network
            has it -> the outputs (1, width).
        pooling: last, mean (the reader gives a sum) or max.
        states: units of each state by its name, in the reader's order.
    """

    reader: onnx.ModelProto
    answer: onnx.ModelProto
    pooling: str
    pooled: str
    states: Mapping[str, int]


def split_graph(proto: onnx.ModelProto) -> StreamGraph:
    """Split the graph of an exported network of series.

    Raises:
        StreamError: it looks ahead, or its answer needs more than the last state, a mean or a
            maximum over the steps.
    """
    nodes = list(proto.graph.node)
    layers = _forward_layers(nodes)
    pooling, part, pooled = _find_pooling(nodes, layers[-1])
    states: dict[str, int] = {}
    nodes_with_states, results = [], []
    for node in nodes:
        copy = onnx.NodeProto.FromString(node.SerializeToString())
        if node.op_type in STATE_COUNTS:
            units = int(_attribute(node, "hidden_size"))
            names = [f"{node.name}_state_{number}" for number in range(STATE_COUNTS[node.op_type])]
            states |= dict.fromkeys(names, units)
            copy.input.extend([*[""] * (FIRST_STATE - len(copy.input)), *names])
            copy.output.extend([f"{name}_after" for name in names[len(copy.output) - 1 :]])
            results += copy.output[1:]
        nodes_with_states.append(copy)
    described = {item.name: item for item in proto.graph.input}
    inputs = [described["values"], described["lengths"]]
    inputs += [_describe(name, [1, 1, units]) for name, units in states.items()]
    outputs = [_describe(name, None) for name in (part, *results)]
    reader = _part(proto, nodes_with_states, inputs, outputs)
    beside = [described["static"]] if "static" in described else []
    answer = _part(proto, nodes, [_describe(pooled, ["batch", "width"]), *beside],
                   list(proto.graph.output))  # fmt: skip
    return StreamGraph(reader, answer, pooling, pooled, states)


def _forward_layers(nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Return the recurrent layers, the lowest first.

    Raises:
        StreamError: there are none, or the network looks ahead.
    """
    layers = [node for node in nodes if node.op_type in STATE_COUNTS]
    if any(node.op_type == "DynamicQuantizeLSTM" for node in nodes):
        raise StreamError("serving.quantisation: expected none for a session; got int8")
    if not layers:
        raise StreamError("model.cell: expected lstm, gru or simple for a session; got another")
    if any(_attribute(node, "direction") == b"bidirectional" for node in layers):
        raise StreamError("model.bidirectional: expected false for a session; got true")
    if any(node.op_type == "Conv" for node in nodes):
        raise StreamError("model.front: expected none for a session; got convolution")
    return layers


def _find_pooling(nodes: Sequence[onnx.NodeProto], top: onnx.NodeProto) -> tuple[str, str, str]:
    """Return the pooling, the name of what it needs of the steps, and that of its result.

    Args:
        top: the highest recurrent layer.

    Raises:
        StreamError: it is neither the last state, nor a mean or a maximum over the steps.
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        for name in node.input if node.op_type != "Shape" else ():  # of a mask
            readers.setdefault(name, []).append(node)
    sequence, state = top.output[:2]
    is_last = state in readers
    name = state if is_last else sequence
    [transpose] = readers[name]
    [reshape] = readers[transpose.output[0]]
    name = reshape.output[0]
    while len(following := readers.get(name, [])) == 1 and following[0].op_type in STEPWISE:
        name = following[0].output[0]
    if is_last:
        return "last", name, name
    kinds = [_trace(readers, node) for node in following]
    match [[node.op_type for node in kind] for kind in kinds]:
        case [["Where", "ReduceSum", "Div"]]:
            return "mean", kinds[0][1].output[0], kinds[0][2].output[0]
        case [["Where", "ReduceMax", *_]]:
            result = kinds[0][1].output[0]
            return "max", result, result
    raise StreamError("model.pooling: expected last, mean or max for a session; got another")


def _trace(
    readers: Mapping[str, Sequence[onnx.NodeProto]], node: onnx.NodeProto
) -> list[onnx.NodeProto]:
    """Return a node and the two after it."""
    following = [node]
    while len(following) < 3 and (after := readers.get(following[-1].output[0])):
        following.append(after[0])
    return following


def _part(
    proto: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """Return the part of a graph that leads from some values to others.

    Raises:
        StreamError: the outputs need more than these inputs.
    """
    names = {item.name for item in inputs}
    needed = list(_needed(nodes, names, [item.name for item in outputs]))
    read = {name for node in needed for name in node.input}
    weights = [item for item in proto.graph.initializer if item.name in read]
    computed = {name for node in needed for name in node.output}
    others = read - computed - names - {item.name for item in weights} - {""}
    if others:  # the rows as a whole, which the wide branch and windows read
        raise StreamError(
            "model.wide: expected false for a session, and a task of whole rows; got an answer "
            "that needs all steps at once"
        )
    graph = helper.make_graph(needed, "part", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=list(proto.opset_import))
    model.ir_version = proto.ir_version
    return model


def _needed(
    nodes: Sequence[onnx.NodeProto], inputs: Collection[str], outputs: Sequence[str]
) -> Iterator[onnx.NodeProto]:
    """Yield the nodes that compute the outputs from the inputs, in the graph's order."""
    names, needed = set(outputs), set[int]()
    for index in reversed(range(len(nodes))):
        if names & (set(nodes[index].output) - set(inputs)):
            needed.add(index)
            names |= set(nodes[index].input)
    yield from (nodes[index] for index in sorted(needed))


def _describe(name: str, shape: Sequence[int | str] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _attribute(node: onnx.NodeProto, name: str) -> bytes | int:
    return next(helper.get_attribute_value(item) for item in node.attribute if item.name == name)
