"""The hidden states of many rows, and the embeddings of tokens, of an exported network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from conveyor.encoding import Encoder
from conveyor.inspection.inner_values import expose
from conveyor.inspection.recurrent_layers import find_recurrent_nodes
from conveyor.metrics.steps import as_rows

BATCH = 64  # rows
EMBEDDING = "embedding"  # the name of the table in a graph of `models.onnx_network`
States = NDArray[Any]  # (rows, width); of a row for each step: (rows,), each (steps, width)


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
    top = find_recurrent_nodes(network)[-1]
    sequence, last, lengths = *top.output[:2], top.input[4]
    reads_all = any(sequence in node.input for node in network.graph.node)
    source = sequence if reads_all else last
    run = expose(network, {source: onnx.TensorProto.FLOAT, lengths: onnx.TensorProto.INT32})
    states: list[Any] = [None] * len(rows)
    for batch, inputs in encoder.batches(rows, BATCH):
        values, steps = run(inputs).values()
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


def read_embeddings(network: onnx.ModelProto) -> NDArray[np.float32] | None:
    """Return the vector of each token, (tokens, width); None for a network of series."""
    for item in network.graph.initializer:
        if item.name == EMBEDDING:
            return numpy_helper.to_array(item)
    return None
