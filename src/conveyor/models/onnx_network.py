"""The network as an ONNX graph with native recurrent operators.

It is written operator by operator from the weights, since converters unroll or loop what ONNX
Runtime runs as one fused LSTM, GRU or RNN.
"""

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper

from conveyor.config import Model
from conveyor.models.onnx_features import add_front, add_summary, add_words
from conveyor.models.onnx_graph import Graph
from conveyor.models.onnx_pooling import POOLINGS, add_mean
from conveyor.models.onnx_recurrent import add_recurrent
from conveyor.tasks.facets import Head

OPSET, IR_VERSION = 17, 9


def to_onnx(model: keras.Model, config: Model, head: Head, *, length: int = 1) -> onnx.ModelProto:
    """Translate a model of `build`.

    Args:
        head: with which the model was built.
        length: with which it was built.

    Returns:
        A graph of inputs `values` (int32 [batch, time] or float32 [batch, time, features]) and
        `lengths` (int32 [batch]), and one output ([batch, head.width], of the head's type).
    """
    graph = Graph()
    text = "embedding" in {layer.name for layer in model.layers}
    values = x = graph.op("Transpose", "values", perm=[1, 0] if text else [1, 0, 2])
    if text:
        table = model.get_layer("embedding").get_weights()[0]
        x = graph.op("Gather", graph.weight("embedding", table), x)
    beside = []  # what joins the pooled features
    if config.wide and text:
        beside.append(add_words(graph, model, values, "lengths"))
    elif config.wide:
        beside.append(add_summary(graph, values, "lengths", length))
    steps = "lengths"
    if config.front == "convolution":
        x, steps = add_front(graph, model, x, steps, length)
        beside.append(add_mean(graph, x, steps))
    for depth in range(len(config.units)):
        x = add_recurrent(graph, model, config, depth, x, steps)
    if config.pooling != "last":
        x = POOLINGS[config.pooling](graph, model, x, steps)
    if beside:
        x = graph.op("Concat", x, *beside, axis=1)
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
