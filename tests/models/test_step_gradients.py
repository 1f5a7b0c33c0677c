"""Gradients of recurrent layers step by step: those of Keras, whatever the mask."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from conveyor.models.step_gradients import use_step_gradients

ROWS, STEPS, FEATURES, UNITS = 3, 5, 4, 3
MASKS = {
    "all steps": None,
    "some steps": np.array([[1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [1, 0, 0, 0, 0]], np.bool_),
}
CELLS = {"lstm": (layers.LSTM, 2), "gru": (layers.GRU, 1), "simple": (layers.SimpleRNN, 1)}


def outputs_and_gradients(layer: Any, mask: Any, states: int) -> list[np.ndarray]:
    """Return what the layer returns, and the gradients by its input and its first states."""
    draw = np.random.default_rng(1)
    x = tf.constant(draw.standard_normal((ROWS, STEPS, FEATURES)))
    first = [tf.constant(draw.standard_normal((ROWS, UNITS))) for _ in range(states)]
    with tf.GradientTape() as tape:
        tape.watch([x, *first])
        outputs = keras.tree.flatten(layer(x, mask=mask, initial_state=first or None))
        weighted = [output * tf.range(1.0, UNITS + 1, dtype=tf.float64) for output in outputs]
        total = tf.add_n([tf.reduce_sum(tf.sin(each)) for each in weighted])
    return [each.numpy() for each in [*outputs, *tape.gradient(total, [x, *first])]]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("settings", [
    {"return_state": True}, {"return_sequences": True, "go_backwards": True},
])  # fmt: skip
@pytest.mark.parametrize("name", CELLS)
def test_outputs_and_gradients_are_those_of_keras(
    name: str, settings: dict[str, bool], mask: str
) -> None:
    kind, states = CELLS[name]
    layer = kind(UNITS, dtype="float64", dropout=0.5, bias_initializer="random_normal", **settings)
    expected = outputs_and_gradients(layer, MASKS[mask], states)
    use_step_gradients(layer)
    results = outputs_and_gradients(layer, MASKS[mask], states)
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-10, atol=1e-12)


def test_both_directions_leave_masked_steps_empty_as_keras_does() -> None:
    layer = layers.Bidirectional(layers.LSTM(UNITS, dtype="float64", return_sequences=True),
                                 merge_mode="sum", dtype="float64")  # fmt: skip
    expected = outputs_and_gradients(layer, MASKS["some steps"], 0)
    use_step_gradients(layer)
    outputs, gradient = outputs_and_gradients(layer, MASKS["some steps"], 0)
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-10, atol=1e-12)
    assert (gradient[1, [0, 2, 4]] == 0).all()


def test_a_graph_of_a_long_row_makes_no_list_of_all_steps_at_each_step() -> None:
    """Which is what the time of Keras's own gradient grows by, with the square of the steps."""
    layer = layers.GRU(UNITS, dtype="float64")
    layer.build((None, None, FEATURES))

    def operations(layer: Any) -> set[str]:
        def differentiate(x: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                total = tf.reduce_sum(layer(x))
            return tape.gradient(total, x)

        function: Any = tf.function(differentiate)
        series = tf.TensorSpec((None, None, FEATURES), tf.float64)
        graph = function.get_concrete_function(series).graph.as_graph_def()
        loops = [f for f in graph.library.function if "while_body" in f.signature.name]
        return {node.op for function in loops for node in function.node_def}

    assert "TensorListReserve" in operations(layer)
    use_step_gradients(layer)
    assert "TensorListReserve" not in operations(layer)
