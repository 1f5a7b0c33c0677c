"""The network as an ONNX graph with native recurrent operators.

It is written operator by operator from the weights, since converters unroll or loop what ONNX
Runtime runs as one fused LSTM, GRU or RNN.
"""

from typing import Any

import keras
import numpy as np
import onnx
from onnx import helper

from conveyor.config import Model
from conveyor.models.onnx_features import add_front, add_static, add_summary, add_words
from conveyor.models.onnx_graph import Graph
from conveyor.models.onnx_pooling import add_mean, find_pooling
from conveyor.models.onnx_recurrent import add_recurrent
from conveyor.models.onnx_tokens import add_token_features
from conveyor.models.onnx_window import close_window, open_window
from conveyor.tasks.facets import Head, reads_windows

OPSET, IR_VERSION = 17, 9


def to_onnx(model: keras.Model, config: Model, head: Head, *, length: int = 1) -> onnx.ModelProto:
    """Translate a model of `build`.

    Args:
        head: with which the model was built.
        length: with which it was built.

    Returns:
        A graph of the model's inputs, by their names, and one output ([batch, head.width], of the
        head's type).
    """
    graph = Graph()
    text = "embedding" in {layer.name for layer in model.layers}
    has_tokens = text and len(model.input["values"].shape) == 3
    is_flat = text and not has_tokens
    values = x = graph.op("Transpose", "values", perm=[1, 0] if is_flat else [1, 0, 2])
    if has_tokens:
        x = add_token_features(graph, model, values)
    elif text:
        table = model.get_layer("embedding").get_weights()[0]
        x = graph.op("Gather", graph.weight("embedding", table), x)
    beside = []  # what joins the pooled features
    if config.wide and text:
        beside.append(add_words(graph, model, values, "lengths"))
    elif config.wide and head.window is None:
        beside.append(add_summary(graph, values, "lengths", length))
    if "static" in model.input:
        beside.append(add_static(graph, model))
    steps, frame = "lengths", None
    if reads_windows(head):
        frame = open_window(graph, head)
        x, steps = frame.x, frame.lengths
    if config.front == "convolution":
        x, steps = add_front(graph, model, x, steps, length)
        beside.append(add_mean(graph, x, steps))
    for depth in range(len(config.units)):
        x = add_recurrent(graph, model, config, depth, x, steps)
    if config.pooling not in ("last", "none"):
        x = find_pooling(config.pooling)(graph, model, x, steps)
    if beside:
        x = graph.op("Concat", x, *beside, axis=1)
    features: Any = x
    if frame is not None and reads_windows(head):
        features = close_window(graph, model, x, frame, head)
    head.add_to_graph(graph, model, features)
    return _model(graph, model, head)


def _model(graph: Graph, model: keras.Model, head: Head) -> onnx.ModelProto:
    inputs = [_describe(x, x.name, ["batch", *x.shape[1:]]) for x in model.input.values()]
    axes = ["batch", "time"][: len(model.output.shape) - 1]
    output = _describe(model.output, head.output_name, [*axes, head.width])
    weights = list(graph.weights.values())
    body = helper.make_graph(graph.nodes, model.name, inputs, [output], weights)
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(body, opset_imports=[opset], producer_name="conveyor")
    proto.ir_version = IR_VERSION
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _describe(x: keras.KerasTensor, name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    """Return name, type and shape of an input or output, whose steps may be of any number."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(x.dtype))
    return helper.make_tensor_value_info(name, kind, [size or "time" for size in shape])
