"""The features of tokens in ONNX, as in models/token_features.py."""

import keras
import numpy as np

from conveyor.encoding.token_values import CASE, FIRST_CHARACTER, PADDING, WORD
from conveyor.models.onnx_graph import Graph
from conveyor.models.token_features import WIDTH


def add_token_features(graph: Graph, model: keras.Model, values: str) -> str:
    """Add the features of tokens, (time, batch, features).

    Args:
        values: name of int32 (time, batch, 2 + characters).
    """
    columns = {"embedding": WORD, "case": CASE}
    parts = []
    for name, column in columns.items():
        table = graph.weight(name, model.get_layer(name).get_weights()[0])
        place = graph.weight(f"{name}_at", [column], np.int64)
        numbers = graph.op("Squeeze", graph.op("Gather", values, place, axis=2), graph.axis(2))
        parts.append(graph.op("Gather", table, numbers))  # (time, batch, width)
    if "spelling" in {layer.name for layer in model.layers}:
        parts.append(_add_characters(graph, model, values))
    return graph.op("Concat", *parts, axis=2)


def _add_characters(graph: Graph, model: keras.Model, values: str) -> str:
    start = graph.weight("first_character", [FIRST_CHARACTER], np.int64)
    end = graph.weight("last_character", [np.iinfo(np.int64).max], np.int64)
    characters = graph.op("Slice", values, start, end, graph.axis(2))  # (time, batch, characters)
    is_padding = graph.op("Equal", characters, graph.weight("no_character", PADDING, np.int32))
    present = graph.op("Unsqueeze", graph.op("Not", is_padding), graph.axis(3))
    table = graph.weight("characters", model.get_layer("characters").get_weights()[0])
    x = graph.zero_padding(graph.op("Gather", table, characters), present)
    x = graph.op("Transpose", x, perm=[1, 3, 0, 2])  # (batch, width, time, characters)
    kernel, bias = model.get_layer("spelling").get_weights()  # (1, WIDTH, in, out)
    border = WIDTH // 2
    x = graph.op(
        "Conv",
        x,
        graph.weight("spelling_kernel", kernel.transpose(3, 2, 0, 1)),
        graph.weight("spelling_bias", bias),
        pads=[0, border, 0, border],
    )
    x = graph.op("Transpose", graph.op("Relu", x), perm=[2, 0, 3, 1])
    # (time, batch, characters, channels)
    return graph.op("ReduceMax", graph.zero_padding(x, present), axes=[2], keepdims=0)
