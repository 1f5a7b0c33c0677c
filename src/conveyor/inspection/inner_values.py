"""Reads values inside an exported network, which are no outputs of it."""

from collections.abc import Callable, Mapping
from typing import Any

import onnx
from numpy.typing import NDArray

from conveyor.serving.loaded_model import make_session

Values = Mapping[str, NDArray[Any]]  # by name in the graph


def expose(network: onnx.ModelProto, types: Mapping[str, int]) -> Callable[[Values], Values]:
    """Return a function from the network's inputs to some values of its graph.

    Args:
        types: of each value by its name, of onnx.TensorProto; inputs of the network may be among
            them.
    """
    exposed = onnx.ModelProto()
    exposed.CopyFrom(network)
    inner = types.keys() - {item.name for item in network.graph.input}
    for name in sorted(inner):
        value = onnx.helper.make_tensor_value_info(name, types[name], None)
        exposed.graph.output.append(value)
    session = make_session(exposed.SerializeToString())

    def run(inputs: Values) -> Values:
        results = dict(zip(sorted(inner), session.run(sorted(inner), inputs), strict=True))
        return {name: results[name] if name in inner else inputs[name] for name in types}

    return run
