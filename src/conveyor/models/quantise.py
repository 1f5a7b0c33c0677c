"""Quantise the exported graph to int8: a third of the bytes, at a loss that a gate limits."""

import logging
import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from conveyor import files
from conveyor.errors import InputError
from conveyor.models.cells import CELLS
from conveyor.serving.loaded_model import FLOAT_GRAPH, GRAPH


def quantise(folder: Path) -> None:
    """Replace model.onnx by its int8 form; the float graph stays as float.onnx.

    The quantisation is dynamic: weights are int8 with one scale for each unit; the inputs of a
    layer become int8 at run time, with one scale for the whole batch. Weights use 7 bits, since
    processors without VNNI add two 8-bit products in 16 bits, which overflow.

    Raises:
        InputError: the graph has a recurrent layer that ONNX Runtime cannot run in int8; it can
            run LSTM only.
    """
    (folder / GRAPH).replace(folder / FLOAT_GRAPH)
    with tempfile.TemporaryDirectory() as scratch:
        quantised = Path(scratch) / GRAPH
        logging.disable(logging.WARNING)  # advice about optimisations that this graph does not need
        try:
            quantize_dynamic(
                folder / FLOAT_GRAPH,
                quantised,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
            )
        finally:
            logging.disable(logging.NOTSET)
        graph = onnx.load(quantised)
    recurrent = {cell.onnx_operator for cell in CELLS.values()}
    unquantised = {node.op_type for node in graph.graph.node} & recurrent
    if unquantised:
        raise InputError(
            "serving.quantisation: expected none, since ONNX Runtime has no int8 form of "
            f"{', '.join(sorted(unquantised))}; got int8. Set serving.quantisation=none."
        )
    files.write_bytes(folder / GRAPH, graph.SerializeToString(deterministic=True))
