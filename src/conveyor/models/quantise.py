"""The exported graph in int8: a third of the bytes, at a cost in accuracy that a gate looks at."""

import logging
import tempfile
from pathlib import Path

import onnx

from conveyor import files
from conveyor.errors import InputError
from conveyor.serving.loaded_model import FLOAT_GRAPH, GRAPH

RECURRENT = ("LSTM", "GRU", "RNN")


def quantise(folder: Path) -> None:
    """Replace model.onnx by its int8 form; the float graph stays as float.onnx.

    Dynamic quantisation: weights in int8, a scale for each unit; a layer's inputs become int8 as
    they come, with one scale for the whole batch. Weights have 7 bits, since processors without
    VNNI add two 8-bit products into 16 bits, which overflow.

    Raises:
        InputError: ONNX Runtime has no int8 form of a recurrent layer in it; only LSTM has one.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic  # onnx's helpers, 0.5 s

    (folder / GRAPH).replace(folder / FLOAT_GRAPH)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / GRAPH
        logging.disable(logging.WARNING)  # it advises optimisations that this graph does not need
        try:
            quantize_dynamic(folder / FLOAT_GRAPH, made, weight_type=QuantType.QInt8,
                             per_channel=True, reduce_range=True)  # fmt: skip
        finally:
            logging.disable(logging.NOTSET)
        graph = onnx.load(made)
    left = {node.op_type for node in graph.graph.node} & set(RECURRENT)
    if left:
        raise InputError(f"ONNX Runtime has no {', '.join(left)} in int8; take quantisation=none")
    files.write_bytes(folder / GRAPH, graph.SerializeToString(deterministic=True))
