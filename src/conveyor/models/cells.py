"""The table of recurrent cells. To add one: its row here, and its name in config's `CELLS`; a
project's own stands in its extensions.py."""

from dataclasses import dataclass, field
from typing import Any

from keras import layers

from conveyor.extensions import make_row
from conveyor.models.kernels import fused


@dataclass(frozen=True)
class CellType:
    """What the network, its costs and its export need to know of a cell.

    Attributes:
        layer: Keras's layer.
        fused_layer: the same layer on the compiled kernels, if there is one.
        onnx_operator: the operator of ONNX that computes the same.
        onnx_attributes: what the operator needs beyond sizes and activations.
        gate_order: for each gate in ONNX's order, its index on the last axis of Keras's kernels.
        activations: for each activation in the operator's order, its field of the configuration.
        settings: further fields of the configuration that the layer takes by the same names.
    """

    layer: type[layers.RNN]
    fused_layer: type[fused.FusedRNN] | None
    onnx_operator: str
    gate_order: tuple[int, ...]
    activations: tuple[str, ...]
    settings: tuple[str, ...] = ()
    onnx_attributes: dict[str, Any] = field(default_factory=dict)


CELLS: dict[str, CellType] = {
    "lstm": CellType(
        layers.LSTM,
        fused.LSTM,
        onnx_operator="LSTM",
        gate_order=(0, 3, 1, 2),  # Keras: input, forget, candidate, output
        activations=("recurrent_activation", "activation", "activation"),
        settings=("unit_forget_bias",),
    ),
    "gru": CellType(
        layers.GRU,
        fused.GRU,
        onnx_operator="GRU",
        gate_order=(0, 1, 2),
        activations=("recurrent_activation", "activation"),
        onnx_attributes={"linear_before_reset": 1},
    ),
    "simple": CellType(
        layers.SimpleRNN, None, onnx_operator="RNN", gate_order=(0,), activations=("activation",)
    ),
}


def find_cell(name: str) -> CellType:
    """Return a row of CELLS, or of the project's extensions.py."""
    return CELLS[name] if name in CELLS else make_row("CELLS", name)
