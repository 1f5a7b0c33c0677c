"""The parts of `models/window.py` in ONNX. Here the batch comes first."""

from dataclasses import dataclass

import keras
import numpy as np

from conveyor.models.onnx_graph import Graph
from conveyor.models.window import FLOOR, UNITS
from conveyor.tasks.facets import WindowHead


@dataclass(frozen=True)
class GraphFrame:
    """Names of the parts of `window.Frame`; `x` is (context, batch, features)."""

    x: str
    lengths: str
    scaled: str
    level: str
    spread: str
    ahead: str | None


def open_window(graph: Graph, head: WindowHead) -> GraphFrame:
    """Scale the context of the input `values`."""
    window = head.window
    context = graph.cut("values", 1, 0, window.context)
    numbers = graph.cut(context, 2, 0, window.targets)
    flags = graph.cut(context, 2, window.flags, window.flags + window.targets)
    observed = graph.op("Sub", graph.weight("one_number", 1.0), flags)
    count = graph.op("Max", _sum(graph, observed), graph.weight("one_number", 1.0))
    mean = graph.op("Div", _sum(graph, graph.op("Mul", numbers, observed)), count)
    match head.level:
        case "last":
            steps = np.arange(1, window.context + 1).reshape(1, -1, 1)
            number = graph.op("Mul", graph.weight("step_numbers", steps), observed)
            last = graph.op("ReduceMax", number, axes=[1])
            is_last = graph.op("Cast", graph.op("Equal", number, last), to=1)
            is_last = graph.op("Mul", is_last, observed)
            level = _sum(graph, graph.op("Mul", numbers, is_last))
        case "mean":
            level = mean
        case _:
            level = graph.op("Mul", mean, graph.weight("no_level", 0.0))
    if head.spread:
        deviation = graph.op("Sub", numbers, mean)
        squares = graph.op("Mul", graph.op("Mul", deviation, deviation), observed)
        variance = graph.op("Div", _sum(graph, squares), count)
        spread = graph.op("Sqrt", graph.op("Add", variance, graph.weight("variance_floor", FLOOR)))
    else:
        zero = graph.op("Mul", mean, graph.weight("no_level", 0.0))
        spread = graph.op("Add", zero, graph.weight("one_number", 1.0))
    scaled = graph.op("Div", graph.op("Sub", numbers, level), spread)
    scaled = graph.op("Mul", scaled, observed)
    x = graph.op("Concat", scaled, graph.cut(context, 2, window.targets, window.features), axis=2)
    ahead = None
    if window.future:
        future = graph.cut("values", 1, window.context, window.steps)
        first = window.flags + window.hidden
        parts = [graph.cut(future, 2, window.hidden, window.flags),
                 graph.cut(future, 2, first, window.features)]  # fmt: skip
        ahead = graph.op("Concat", *parts, axis=2)
    lengths = graph.op("Sub", "lengths", graph.weight("future", window.future, np.int32))
    x = graph.op("Transpose", x, perm=[1, 0, 2])
    return GraphFrame(x, lengths, scaled, level, spread, ahead)


def close_window(
    graph: Graph, model: keras.Model, features: str, frame: GraphFrame, head: WindowHead
) -> tuple[str, str, str]:
    """Return the names of what the head reads."""
    window, count = head.window, head.parameters
    shape = (window.horizon, window.targets, count)
    if frame.ahead is None:
        x = graph.dense(features, "parameters", model.get_layer("parameters"))
    else:
        x = graph.op("Relu", graph.dense(features, "horizon", model.get_layer("horizon")))
        x = _reshape(graph, x, "horizon_shape", (-1, window.horizon, UNITS))
        x = graph.op("Concat", x, frame.ahead, axis=2)
        x = graph.op("Relu", _dense_steps(graph, x, model.get_layer("ahead")))
        x = _dense_steps(graph, x, model.get_layer("parameters"))
    x = _reshape(graph, x, "forecast_shape", (-1, *shape))
    if "lags" in {layer.name for layer in model.layers}:
        lags = _reshape(graph, frame.scaled, "lags_shape", (-1, window.context * window.targets))
        [kernel] = model.get_layer("lags").get_weights()
        linear = graph.op("MatMul", lags, graph.weight("lags_kernel", kernel))
        linear = _reshape(graph, linear, "linear_shape", (-1, *shape[:2], 1))
        middle = head.middle
        point = graph.op("Add", graph.cut(x, 3, middle, middle + 1), linear)
        parts = [graph.cut(x, 3, 0, middle), point, graph.cut(x, 3, middle + 1, count)]
        x = graph.op("Concat", *parts, axis=3)
    return x, frame.level, frame.spread


def _sum(graph: Graph, x: str) -> str:
    return graph.op("ReduceSum", x, graph.axis(1), keepdims=1)


def _reshape(graph: Graph, x: str, name: str, shape: tuple[int, ...]) -> str:
    return graph.op("Reshape", x, graph.weight(name, shape, np.int64))


def _dense_steps(graph: Graph, x: str, layer: keras.layers.Dense) -> str:
    """Add a dense layer on each step of x, (batch, steps, width)."""
    kernel, bias = layer.get_weights()
    x = graph.op("MatMul", x, graph.weight(f"{layer.name}_kernel", kernel))
    return graph.op("Add", x, graph.weight(f"{layer.name}_bias", bias))
