"""The equations of the recurrent cells, in NumPy.

They are those of ONNX's operators LSTM, GRU and RNN (opset 17), as Keras computes them: the LSTM of
Gers et al. (2000) without peepholes, the GRU of Cho et al. (2014) with the reset gate behind the
product (Keras's reset_after), and the network of Elman (1990). At each step, x is the input, h the
hidden state before it; W, R and b are the weights of a gate or candidate; s is the activation of
the gates, g that of candidate and output:

    LSTM   i = s(W_i x + R_i h + b_i)      input gate: how much of the candidate is written
           f = s(W_f x + R_f h + b_f)      forget gate: how much of the cell is kept
           o = s(W_o x + R_o h + b_o)      output gate: how much of the cell is shown
           c~ = g(W_c x + R_c h + b_c)     candidate
           c = f c + i c~                  cell state
           h = o g(c)                      hidden state
    GRU    z = s(W_z x + R_z h + b_z)      update gate: how much of the hidden state is kept
           r = s(W_r x + R_r h + b_r)      reset gate: how much of it the candidate sees
           h~ = g(W_h x + b_wh + r (R_h h + b_rh))
           h = z h + (1 - z) h~
    RNN    h = g(W x + R h + b)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Function = Callable[[Array], Array]

INPUT, FORGET, OUTPUT = "input gate", "forget gate", "output gate"
UPDATE, RESET = "update gate", "reset gate"
CANDIDATE, CELL, HIDDEN = "candidate", "cell state", "hidden state"
GATES = (INPUT, FORGET, OUTPUT, UPDATE, RESET)


@dataclass(frozen=True)
class CellWeights:
    """The weights of one direction of a recurrent layer, gates in ONNX's order: input, output,
    forget, candidate; or update, reset, candidate; or one.

    Attributes:
        kernel: of the inputs, (gates, units, inputs).
        recurrent: of the hidden state, (gates, units, units).
        input_bias, recurrent_bias: (gates, units).
        activations: of the gates, the candidate and the cell (LSTM); of the gates and the candidate
            (GRU); of the hidden state (RNN).
    """

    kernel: Array
    recurrent: Array
    input_bias: Array
    recurrent_bias: Array
    activations: tuple[Function, ...]


def sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)  # does not overflow


def hard_sigmoid(x: Array, slope: float, offset: float) -> Array:
    return np.clip(slope * x + offset, 0, 1)


ACTIVATIONS: dict[str, Function] = {
    "Tanh": np.tanh,
    "Sigmoid": sigmoid,
    "Relu": lambda x: np.maximum(x, 0),
    "Softsign": lambda x: x / (1 + np.abs(x)),
}


def run_lstm(x: Array, weights: CellWeights) -> dict[str, Array]:
    """Return gates and states at each step, by name, each (steps, units).

    Args:
        x: inputs in the order in which they are read, (steps, inputs).
    """
    gate, candidate_of, cell_output = weights.activations
    projected = _project(x, weights) + weights.recurrent_bias  # (steps, gates, units)
    states = _states([INPUT, FORGET, OUTPUT, CANDIDATE, CELL, HIDDEN], projected)
    cell = hidden = np.zeros_like(projected[0, 0])
    for step, sums in enumerate(projected):
        i, o, f, c = sums + weights.recurrent @ hidden
        i, f, o, candidate = gate(i), gate(f), gate(o), candidate_of(c)
        cell = f * cell + i * candidate
        hidden = o * cell_output(cell)
        values = (i, f, o, candidate, cell, hidden)
        for name, value in zip(states, values, strict=True):
            states[name][step] = value
    return states


def run_gru(x: Array, weights: CellWeights) -> dict[str, Array]:
    """As `run_lstm`."""
    gate, candidate_of = weights.activations
    projected = _project(x, weights)
    states = _states([UPDATE, RESET, CANDIDATE, HIDDEN], projected)
    hidden = np.zeros_like(projected[0, 0])
    for step, (z, r, h) in enumerate(projected):
        of_state = weights.recurrent @ hidden + weights.recurrent_bias  # (gates, units)
        z, r = gate(z + of_state[0]), gate(r + of_state[1])
        candidate = candidate_of(h + r * of_state[2])
        hidden = z * hidden + (1 - z) * candidate
        for name, value in zip(states, (z, r, candidate, hidden), strict=True):
            states[name][step] = value
    return states


def run_simple(x: Array, weights: CellWeights) -> dict[str, Array]:
    """As `run_lstm`."""
    [activation] = weights.activations
    projected = _project(x, weights) + weights.recurrent_bias
    states = _states([HIDDEN], projected)
    hidden = np.zeros_like(projected[0, 0])
    for step, sums in enumerate(projected):
        hidden = activation(sums[0] + weights.recurrent[0] @ hidden)
        states[HIDDEN][step] = hidden
    return states


RUNS: Mapping[str, Callable[[Array, CellWeights], dict[str, Array]]] = {
    "LSTM": run_lstm,
    "GRU": run_gru,
    "RNN": run_simple,
}


def _project(x: Array, weights: CellWeights) -> Array:
    """Return what all gates take from the inputs of all steps, (steps, gates, units)."""
    return np.einsum("ti,gui->tgu", x, weights.kernel, optimize=True) + weights.input_bias


def _states(names: list[str], projected: Array) -> dict[str, Array]:
    return {name: np.empty_like(projected[:, 0]) for name in names}
