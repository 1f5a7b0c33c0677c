"""Pooling over time in ONNX, as in models/pooling.py."""

from collections.abc import Callable

import keras

from conveyor.extensions import make_row
from conveyor.models.onnx_graph import Graph
from conveyor.models.pooling import LOWEST


def add_mean(graph: Graph, x: str, lengths: str) -> str:
    """Add the mean over the steps of each row, (batch, width).

    Args:
        x: name of (time, batch, width).
        lengths: name of the steps of each row, int32 (batch,).
    """
    masked = graph.zero_padding(x, graph.mask(x, lengths))
    total = graph.op("ReduceSum", masked, graph.axis(0), keepdims=0)
    return graph.op("Div", total, graph.as_column(lengths))


def add_maximum(graph: Graph, x: str, lengths: str) -> str:
    """Add the largest value of each feature over the steps of each row, (batch, width)."""
    masked = graph.op("Where", graph.mask(x, lengths), x, graph.weight("lowest", LOWEST))
    return graph.op("ReduceMax", masked, axes=[0], keepdims=0)


def _mean(graph: Graph, model: keras.Model, x: str, lengths: str) -> str:
    return add_mean(graph, x, lengths)


def _max(graph: Graph, model: keras.Model, x: str, lengths: str) -> str:
    return add_maximum(graph, x, lengths)


def _mean_max(graph: Graph, model: keras.Model, x: str, lengths: str) -> str:
    parts = add_mean(graph, x, lengths), add_maximum(graph, x, lengths)
    return graph.op("Concat", *parts, axis=1)


def _attention(graph: Graph, model: keras.Model, x: str, lengths: str) -> str:
    kernel, bias = model.get_layer("attention").get_weights()
    scores = graph.op("MatMul", x, graph.weight("attention_kernel", kernel))
    scores = graph.op("Add", scores, graph.weight("attention_bias", bias))
    scores = graph.op("Where", graph.mask(x, lengths), scores, graph.weight("lowest", LOWEST))
    weighted = graph.op("Mul", graph.op("Softmax", scores, axis=0), x)
    return graph.op("ReduceSum", weighted, graph.axis(0), keepdims=0)


OnnxPooling = Callable[[Graph, keras.Model, str, str], str]
POOLINGS: dict[str, OnnxPooling] = {
    "mean": _mean, "max": _max, "mean_max": _mean_max, "attention": _attention,
}  # fmt: skip


def find_pooling(name: str) -> OnnxPooling:
    """Return a row of POOLINGS, or of the project's extensions.py, which has both forms."""
    return POOLINGS[name] if name in POOLINGS else make_row("POOLINGS", name)[1]
