"""The hidden states of many rows, and the embeddings of tokens, of an exported network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from conveyor.encoding import Encoder
from conveyor.errors import InputError
from conveyor.inspection.equations import RUNS
from conveyor.metrics.steps import as_rows
from conveyor.serving.loaded_model import FLOAT_GRAPH, GRAPH, make_session

BATCH = 64  # rows
EMBEDDING = "embedding"  # the name of the table in a graph of `models.onnx_network`
States = NDArray[Any]  # (rows, width); of a row for each step: (rows,), each (steps, width)


def read_network(folder: Path) -> onnx.ModelProto:
    """Return the graph of a model folder, before quantisation if it is int8."""
    return onnx.load(folder / (FLOAT_GRAPH if (folder / FLOAT_GRAPH).exists() else GRAPH))


def read_states(
    network: onnx.ModelProto, encoder: Encoder, rows: Sequence[Any], *, per_step: bool
) -> tuple[States, str]:
    """Return the hidden states of the last recurrent layer, its directions side by side, and what
    they are in words.

    The state of a row is that of its last step, or the mean over its steps where the network goes
    on from all of them.

    Args:
        rows: raw.
        per_step: return the states of each step.

    Raises:
        InputError: the network has no recurrent layer of ONNX's operators.
    """
    nodes = [node for node in network.graph.node if node.op_type in RUNS]
    if not nodes:
        raise InputError("the network: expected recurrent layers (LSTM, GRU, RNN); got none. Train "
                         "a model of the cell lstm, gru or simple")  # fmt: skip
    sequence, last = nodes[-1].output[:2]
    reads_all = any(sequence in node.input for node in network.graph.node)
    lengths = nodes[-1].input[4]
    run = _expose(network, [sequence if reads_all else last, lengths])
    states: list[Any] = [None] * len(rows)
    for batch, inputs in encoder.batches(rows, BATCH):
        values, steps = run(inputs)
        if not reads_all:  # (directions, batch, units)
            parts = values.transpose(1, 0, 2).reshape(len(batch), -1)
        else:  # (time, directions, batch, units)
            by_row = values.transpose(2, 0, 1, 3).reshape(len(batch), len(values), -1)
            parts = [row[:count] for row, count in zip(by_row, steps, strict=True)]
            if not per_step:
                parts = [part.mean(axis=0) for part in parts]
        for row, part in zip(batch.tolist(), parts, strict=True):
            states[row] = part
    if per_step:
        return as_rows(states), "the hidden state of the last layer at the step"
    where = "mean over the steps of the row" if reads_all else "after the last step of the row"
    return np.stack(states), f"the hidden state of the last layer, {where}"


def _expose(network: onnx.ModelProto, names: list[str]) -> Any:
    """Return a function from the network's inputs to values inside it."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(network)
    inputs = {each.name for each in network.graph.input}
    inside = [name for name in names if name not in inputs]
    for name, kind in zip(names, (onnx.TensorProto.FLOAT, onnx.TensorProto.INT32), strict=True):
        if name in inside:
            value = onnx.helper.make_tensor_value_info(name, kind, None)
            exposed.graph.output.append(value)
    session = make_session(exposed.SerializeToString())

    def run(values: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        results = dict(zip(inside, session.run(inside, values), strict=True))
        return [results[name] if name in results else values[name] for name in names]

    return run


def read_embeddings(network: onnx.ModelProto) -> NDArray[np.float32] | None:
    """Return the vector of each token, (tokens, width); None for a network of series."""
    for item in network.graph.initializer:
        if item.name == EMBEDDING:
            return numpy_helper.to_array(item)
    return None
