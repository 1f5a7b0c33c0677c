"""What happens inside a network while it reads one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from conveyor.encoding import WindowEncoder
from conveyor.inspection.bounds import cut_row, limit_steps
from conveyor.inspection.equations import RUNS
from conveyor.inspection.inner_values import expose
from conveyor.inspection.recurrent_layers import (
    RecurrentLayer,
    read_layers,
    read_network,
    read_stride,
)
from conveyor.inspection.row_parts import count_unread, find_unknown, name_row_steps
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json

FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True)
class LayerTrace:
    """Gates and states of one direction of a recurrent layer.

    Attributes:
        number: of the layer, from 1 at the bottom.
        cell: "LSTM", "GRU" or "SimpleRNN".
        states: by name, (steps, units). Those of the backward direction stand at the step that it
            has just read: it has read all later ones too, and its last step is the first.
    """

    number: int
    direction: str
    cell: str
    states: dict[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Trace:
    """One row, what the network answers, and what its recurrent layers do at each step.

    Attributes:
        steps: names of the steps: the pieces of a text that are its tokens; or the numbers of the
            row's steps that one covers, of which 1 is the first that a forecast forecasts.
        is_cut: whether `row` is the beginning of a longer one.
        unit: what a step is: "token" or "step".
        unread: units of the row after `encoding.max_length`, which the network does not read.
        unknown: which steps are tokens that are not in the vocabulary; of a series none.
    """

    row: Any
    answer: dict[str, Any]
    steps: list[str]
    layers: list[LayerTrace]
    is_cut: bool = False
    unit: str = "step"
    unread: int = 0
    unknown: Sequence[bool] = ()

    def as_json(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        layers = [
            {
                "layer": layer.number,
                "direction": layer.direction,
                "cell": layer.cell,
                "states": {name: values.tolist() for name, values in layer.states.items()},
            }
            for layer in self.layers
        ]
        return {
            "row": to_json(self.row), "answer": self.answer, "steps": self.steps,
            "unknown": list(self.unknown), "unread": self.unread, "layers": layers,
        }  # fmt: skip


def trace_row(folder: Path, model: LoadedModel, row: Any, *, is_bounded: bool = False) -> Trace:
    """Trace one raw row through the network of a model folder, before quantisation if it is int8.

    ONNX Runtime gives the input of each recurrent layer, such as what a convolutional front makes
    of the row; `equations` gives the layer's gates and states.

    Args:
        is_bounded: cut a row that would take longer than about a second.

    Raises:
        RowError: the encoder does not accept the row.
        InputError: the network has no recurrent layer of ONNX's operators, or the row is too long
            and cannot be cut.
    """
    proto = read_network(folder)
    layers = read_layers(proto)
    [(_, inputs)] = model.encoder.batches([row], 1)
    limit = limit_steps(layers)
    is_cut = is_bounded and inputs["lengths"][0] > limit
    if is_cut:
        row = cut_row(model.encoder, row, limit)
        [(_, inputs)] = model.encoder.batches([row], 1)
    sources = read_sources(proto, layers, inputs)
    values, is_text = inputs["values"][0], model.kind == "text"
    seen, stride = len(sources[0]), read_stride(proto)
    unknown = find_unknown(model, values).tolist() if is_text else []
    return Trace(
        row=row,
        answer=model.predict([row]).records()[0],
        steps=name_steps(model, row, values, seen, stride),
        layers=[
            trace
            for number, (layer, source) in enumerate(zip(layers, sources, strict=True), 1)
            for trace in trace_layer(number, layer, source[:, 0])
        ],
        is_cut=bool(is_cut),
        unit="token" if is_text else "step",
        unread=count_unread(model.encoder, row),
        unknown=[any(tokens) for tokens in _group(unknown, seen, stride)] if unknown else [],
    )


def read_sources(
    proto: onnx.ModelProto, layers: list[RecurrentLayer], inputs: dict[str, NDArray[Any]]
) -> list[NDArray[np.float32]]:
    """Return what the layers read of encoded rows, each (time, batch, width)."""
    types = dict.fromkeys([layer.source for layer in layers], onnx.TensorProto.FLOAT)
    return list(expose(proto, types)(inputs).values())


def trace_layer(number: int, layer: RecurrentLayer, x: NDArray[np.float32]) -> list[LayerTrace]:
    """Return gates and states of each direction of a layer.

    Args:
        number: of the layer, from 1 at the bottom.
        x: what it reads of one row, (time, width).
    """
    cell = "SimpleRNN" if layer.operator == "RNN" else layer.operator
    traces = []
    for direction, weights in zip((FORWARD, BACKWARD), layer.directions, strict=False):
        order = slice(None) if direction == FORWARD else slice(None, None, -1)
        states = RUNS[layer.operator](x[order], weights)
        in_place = {name: values[order] for name, values in states.items()}
        traces.append(LayerTrace(number, direction, cell, in_place))
    return traces


def name_steps(
    model: LoadedModel, row: Any, values: NDArray[Any], steps: int, stride: int
) -> list[str]:
    """Name the steps that the recurrent layers see; see `Trace.steps`.

    Args:
        values: of the encoded row, (time,) or (time, width).
        steps: of the layers; fewer than `time` behind a front with strides.
        stride: steps of the row for each of theirs.
    """
    names = name_row_steps(model, row, len(values))
    if isinstance(model.encoder, WindowEncoder):
        names = names[: model.encoder.window.context]  # the layers read no later steps
    groups = _group(names, steps, stride)
    return [f"{group[0]}…{group[-1]}" if len(group) > 1 else group[0] for group in groups]


def _group(parts: list[Any], steps: int, stride: int) -> list[list[Any]]:
    """Return which parts of a row each of the layers' steps stands for."""
    return [parts[i * stride : (i + 1) * stride] for i in range(steps)]
