"""An ONNX graph that is written operator by operator, and the masks of its padded rows.

Operator semantics: ONNX operators, opset 17. Inside the graph time comes first: (time, batch,
features).
"""

from typing import Any

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


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

    def cut(self, x: str, axis: int, start: int, end: int) -> str:
        """Add the part of an array from `start` to before `end` along an axis."""
        bounds = [self.weight(f"at_{number}", [number], np.int64) for number in (start, end)]
        return self.op("Slice", x, *bounds, self.axis(axis))

    def mask(self, x: str, lengths: str) -> str:
        """Add a mask, bool (time, batch, 1), that is true where a step is no padding.

        Args:
            x: name of an array (time, ...).
            lengths: name of the steps of each row, int32 (batch,).
        """
        time = self.op("Gather", self.op("Shape", x), self.weight("first", 0, np.int64))
        bounds = self.weight("zero", 0, np.int64), time, self.weight("one", 1, np.int64)
        steps = self.op("Unsqueeze", self.op("Range", *bounds), self.axis(1))
        whole = self.op("Cast", lengths, to=TensorProto.INT64)
        inside = self.op("Less", steps, self.op("Unsqueeze", whole, self.axis(0)))
        return self.op("Unsqueeze", inside, self.axis(2))

    def zero_padding(self, x: str, mask: str) -> str:
        """Add x (time, batch, width) with zeros where a step is padding."""
        return self.op("Where", mask, x, self.weight("nothing", 0.0))

    def as_column(self, lengths: str) -> str:
        """Add the steps of each row as float32 (batch, 1)."""
        return self.op("Unsqueeze", self.op("Cast", lengths, to=TensorProto.FLOAT), self.axis(1))
