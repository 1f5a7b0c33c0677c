"""The convolutional front and the branches beside the recurrent layers in ONNX, as in
models/front.py, models/wide.py and models/static.py."""

import keras
import numpy as np

from conveyor.models.front import NORM_SUFFIX, convolutions
from conveyor.models.onnx_graph import Graph
from conveyor.models.onnx_pooling import add_maximum, add_mean
from conveyor.models.static import NAME
from conveyor.models.wide import FACTOR, PAIRS


def add_front(
    graph: Graph, model: keras.Model, x: str, lengths: str, length: int
) -> tuple[str, str]:
    """Add the convolutions, with each normalisation folded into the weights before it.

    Args:
        x: name of (time, batch, width).
        lengths: name of the steps of each row, int32 (batch,).
        length: steps of a typical training row, with which the network was built.

    Returns:
        The names of the features (shorter time, batch, channels), and of the steps that each row
        has now, int32 (batch,).
    """
    x = graph.zero_padding(x, graph.mask(x, lengths))
    for convolution in convolutions(length):
        name, stride = convolution.name, convolution.stride
        [kernel] = model.get_layer(name).get_weights()  # (width, channels in, channels out)
        norm = model.get_layer(f"{name}{NORM_SUFFIX}")
        scale, offset, mean, variance = norm.get_weights()
        scale = scale / np.sqrt(variance + norm.epsilon)
        x = graph.op("Transpose", x, perm=[1, 2, 0])  # (batch, width, time)
        border = convolution.width // 2
        x = graph.op(
            "Conv",
            x,
            graph.weight(f"{name}_kernel", (kernel * scale).transpose(2, 1, 0)),
            graph.weight(f"{name}_bias", offset - mean * scale),
            strides=[stride],
            pads=[border, border],
        )
        x = graph.op("Transpose", graph.op("Relu", x), perm=[2, 0, 1])
        if stride > 1:
            longer = graph.op("Add", lengths, graph.weight(f"{name}_rest", stride - 1, np.int32))
            lengths = graph.op("Div", longer, graph.weight(f"{name}_stride", stride, np.int32))
        x = graph.zero_padding(x, graph.mask(x, lengths))
    return x, lengths


def add_summary(graph: Graph, x: str, lengths: str, length: int) -> str:
    """Add the summary statistics of scaled series (time, batch, channels): (batch, features)."""
    mean = add_mean(graph, x, lengths)
    deviations = graph.op("Sub", x, mean)
    variance = add_mean(graph, graph.op("Mul", deviations, deviations), lengths)
    lowest = graph.op("Neg", add_maximum(graph, graph.op("Neg", x), lengths))
    first = graph.op("Gather", x, graph.weight("first", 0, np.int64))  # (1, batch, channels)
    first = graph.op("Squeeze", first, graph.axis(0))
    shorter = graph.op("Sub", lengths, graph.weight("one_step", 1, np.int32))
    before_last = graph.op("Not", graph.mask(x, shorter))
    only_last = graph.op("And", graph.mask(x, lengths), before_last)
    last = graph.op("ReduceSum", graph.zero_padding(x, only_last), graph.axis(0), keepdims=0)
    typical = graph.weight("typical_length", float(length))
    steps = graph.op("Div", graph.as_column(lengths), typical)
    parts = [mean, graph.op("Sqrt", variance), lowest, add_maximum(graph, x, lengths), first, last]
    return graph.op("Concat", *parts, steps, axis=1)


def add_words(graph: Graph, model: keras.Model, tokens: str, lengths: str) -> str:
    """Add the vectors of words and pairs of words of texts (time, batch): (batch, width)."""
    word_table, pair_table = (
        graph.weight(name, model.get_layer(name).get_weights()[0])
        for name in ("wide_words", "wide_pairs")
    )
    zero, second, end = (
        graph.weight(f"at_{i}", [i], np.int64) for i in (0, 1, np.iinfo(np.int64).max)
    )
    before = graph.op("Slice", tokens, zero, graph.weight("at_last", [-1], np.int64), zero)
    after = graph.op("Slice", tokens, second, end, zero)
    table_size = graph.weight("pairs", PAIRS, np.int32)
    hashed = graph.op("Mod", before, table_size)
    hashed = graph.op("Mul", hashed, graph.weight("factor", FACTOR, np.int32))
    hashed = graph.op("Mod", graph.op("Add", hashed, after), table_size)
    shorter = graph.op("Sub", lengths, graph.weight("one_step", 1, np.int32))
    total = graph.op("Add", _add_sum(graph, word_table, tokens, lengths),
                     _add_sum(graph, pair_table, hashed, shorter))  # fmt: skip
    doubled = graph.op("Add", lengths, shorter)
    return graph.op("Div", total, graph.op("Sqrt", graph.as_column(doubled)))


def add_static(graph: Graph, model: keras.Model) -> str:
    """Add the features of the input `static`: (batch, width)."""
    return graph.op("Relu", graph.dense("static", NAME, model.get_layer(NAME)))


def _add_sum(graph: Graph, table: str, indices: str, lengths: str) -> str:
    vectors = graph.op("Gather", table, indices)  # (time, batch, width)
    masked = graph.zero_padding(vectors, graph.mask(vectors, lengths))
    return graph.op("ReduceSum", masked, graph.axis(0), keepdims=0)
