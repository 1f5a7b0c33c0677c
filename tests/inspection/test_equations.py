"""The equations in NumPy against Keras's cells in float64, step by step."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from conveyor.inspection.equations import (
    ACTIVATIONS,
    CANDIDATE,
    CELL,
    FORGET,
    GATES,
    HIDDEN,
    INPUT,
    OUTPUT,
    RESET,
    RUNS,
    UPDATE,
    CellWeights,
    hard_sigmoid,
)
from conveyor.models.cells import CELLS

KERAS_CELLS = {"lstm": layers.LSTMCell, "gru": layers.GRUCell, "simple": layers.SimpleRNNCell}
FUNCTIONS = {
    "tanh": ACTIVATIONS["Tanh"], "sigmoid": ACTIVATIONS["Sigmoid"], "relu": ACTIVATIONS["Relu"],
    "softsign": ACTIVATIONS["Softsign"],
    "hard_sigmoid": partial(hard_sigmoid, slope=1 / 6, offset=0.5),
}  # fmt: skip
EXAMPLES = 200


def random_cell(
    cell: str, units: int, width: int, names: tuple[str, str], seed: int
) -> tuple[Any, CellWeights]:
    """One of Keras's cells in float64, and its weights in ONNX's order."""
    activation, recurrent_activation = names
    options: dict[str, Any] = {"dtype": "float64", "activation": activation}
    if cell != "simple":
        options["recurrent_activation"] = recurrent_activation
    layer = KERAS_CELLS[cell](units, **options)
    layer.build((1, width))
    draw = np.random.default_rng(seed)
    layer.set_weights([draw.normal(size=weight.shape) for weight in layer.get_weights()])
    order = list(CELLS[cell].gate_order)

    def by_gate(array: np.ndarray) -> np.ndarray:
        return np.stack(np.split(array, len(order), axis=-1))[order]

    kernel, recurrent, bias = layer.get_weights()
    pair = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    fields = {"recurrent_activation": recurrent_activation, "activation": activation}
    weights = CellWeights(
        by_gate(kernel).transpose(0, 2, 1), by_gate(recurrent).transpose(0, 2, 1),
        by_gate(pair[0]), by_gate(pair[1]),
        tuple(FUNCTIONS[fields[name]] for name in CELLS[cell].activations),
    )  # fmt: skip
    return layer, weights


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    cell=st.sampled_from(sorted(KERAS_CELLS)),
    units=st.integers(1, 9),
    width=st.integers(1, 5),
    steps=st.integers(1, 4),
    names=st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.sampled_from(sorted(FUNCTIONS))),
    seed=st.integers(0, 2**31),
)
def test_states_are_those_of_keras_at_each_step(
    cell: str, units: int, width: int, steps: int, names: tuple[str, str], seed: int
) -> None:
    layer, weights = random_cell(cell, units, width, names, seed)
    x = np.random.default_rng(seed + 1).normal(size=(steps, width))
    states = RUNS[CELLS[cell].onnx_operator](x, weights)
    state = [np.zeros((1, units))] * (2 if cell == "lstm" else 1)
    for step in range(steps):
        _, state = layer(x[step : step + 1], state)
        state = list(state) if isinstance(state, list | tuple) else [state]
        found = [states[name][step] for name in (HIDDEN, CELL)[: len(state)]]
        for ours, theirs in zip(found, state, strict=True):
            wanted = keras.ops.convert_to_numpy(theirs)[0]
            np.testing.assert_allclose(ours, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("gate", "effect"),
    [
        (FORGET, lambda states: states[CELL][1] - states[INPUT][1] * states[CANDIDATE][1]),
        (INPUT, lambda states: states[CELL][0]),
        (OUTPUT, lambda states: states[HIDDEN][1]),
    ],
    ids=[FORGET, INPUT, OUTPUT],
)
def test_a_closed_gate_of_an_lstm_does_what_its_name_says(gate: str, effect: Any) -> None:
    """Gates of wrong names would give the same states: here only one of them is closed."""
    _, weights = random_cell("lstm", 3, 2, ("tanh", "sigmoid"), 5)
    position = (INPUT, OUTPUT, FORGET).index(gate)  # ONNX's order
    weights.input_bias[position] = -1e3
    states = RUNS["LSTM"](np.ones((2, 2)), weights)
    assert np.allclose(states[gate], 0)
    assert np.allclose(effect(states), 0, atol=1e-12)
    others = [name for name in (INPUT, FORGET, OUTPUT) if name != gate]
    assert all((states[name] > 0.001).all() for name in others)


def test_gates_of_a_gru_do_what_their_names_say() -> None:
    _, weights = random_cell("gru", 3, 2, ("tanh", "sigmoid"), 5)
    x = np.ones((3, 2))
    weights.input_bias[0] = 1e3  # update: keeps the first state, which is 0
    assert np.allclose(RUNS["GRU"](x, weights)[HIDDEN], 0)
    weights.input_bias[0], weights.input_bias[1] = -1e3, -1e3
    states = RUNS["GRU"](x, weights)
    assert np.allclose(states[UPDATE], 0)
    assert np.allclose(states[RESET], 0)
    assert np.allclose(states[HIDDEN], states[CANDIDATE])
    assert np.allclose(states[HIDDEN], states[HIDDEN][0])  # the candidate sees no state


def test_each_gate_has_a_name_that_the_scale_from_0_to_1_is_for() -> None:
    for cell, operator in (("lstm", "LSTM"), ("gru", "GRU"), ("simple", "RNN")):
        _, weights = random_cell(cell, 2, 2, ("tanh", "sigmoid"), 1)
        states = RUNS[operator](np.ones((2, 2)), weights)
        for name, values in states.items():
            inside = bool(((values >= 0) & (values <= 1)).all())
            assert inside or name not in GATES
        assert list(states)[-1] == HIDDEN
