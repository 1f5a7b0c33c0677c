"""The compiled layers against Keras's own."""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from conveyor.config import Model
from conveyor.config.sections import Cell
from conveyor.models.build import build
from conveyor.models.canonical import save_canonical
from conveyor.models.cudnn import cudnn_report
from conveyor.models.kernels import fused
from tests.models.test_build import PLAIN
from tests.toys import class_head

TOLERANCE = 1e-5
CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
FUSED = {"lstm": fused.LSTM, "gru": fused.GRU}
SHAPES = [
    (1, 1, 1, 1),
    (7, 9, 3, 5),
    (4, 12, 8, 40),
    (33, 6, 70, 96),
]  # batch, time, features, units
MASKS = ["none", "right", "left", "gaps", "empty"]


def mask_of(kind: str, batch: int, time: int) -> Any:
    draw = np.random.default_rng(0)
    steps = np.arange(time)[None]
    return {
        "none": None,
        "right": steps < draw.integers(1, time + 1, batch)[:, None],
        "left": steps >= draw.integers(0, time, batch)[:, None],
        "gaps": draw.random((batch, time)) < 0.6,
        "empty": np.arange(batch)[:, None] < np.full((batch, time), 1),  # one row is not
    }[kind]


def results(kind: type[layers.RNN], shape: tuple[int, ...], mask: str, **how: Any) -> list[Any]:
    """Outputs, states and all gradients of one layer with fixed weights."""
    batch, time, features, units = shape
    both, given = how.pop("both", False), how.pop("given", False)
    draw = np.random.default_rng(1)
    layer: Any = kind(units, return_state=True, **how)
    count = (2 if isinstance(layer, layers.LSTM) else 1) * (2 if both else 1)
    # Larger weights make a GRU chaotic: Keras's own float32 is then 3e-6 from its float64 and more.
    scale = 0.4 if isinstance(layer, layers.LSTM) else 0.2
    layer = layers.Bidirectional(layer) if both else layer
    layer.build((batch, time, features))
    layer.set_weights([scale * draw.normal(size=w.shape) for w in layer.get_weights()])
    x = tf.constant(draw.normal(size=(batch, time, features)).astype(np.float32))
    states = [tf.constant(draw.normal(size=(batch, units)).astype(np.float32))
              for _ in range(count)]  # fmt: skip
    watched = [x, *(states if given else [])]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = layer(x, mask=mask_of(mask, batch, time), training=True,
                        initial_state=states if given else None)  # fmt: skip
        loss = sum(tf.reduce_sum(tf.sin((i + 1.0) * v)) for i, v in enumerate(outputs))
    weights = [w.value for w in layer.trainable_variables]
    return [*outputs, *tape.gradient(loss, [*watched, *weights])]


@pytest.mark.parametrize("cell", FUSED)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_outputs_states_and_gradients_are_those_of_keras(shape: Any, mask: str, cell: Cell) -> None:
    for sequences, back, given, zeros, both in itertools.product([True, False], repeat=5):
        if both and (back or zeros):  # Bidirectional sets these for its two layers itself
            continue
        how = {"return_sequences": sequences, "go_backwards": back, "given": given,
               "zero_output_for_mask": zeros, "both": both}  # fmt: skip
        pairs = zip(results(CELLS[cell], shape, mask, **how),
                    results(FUSED[cell], shape, mask, **how), strict=True)  # fmt: skip
        for keras_value, ours in pairs:
            scale = max(1.0, float(np.abs(keras_value).max()))
            np.testing.assert_allclose(ours, keras_value, rtol=0, atol=TOLERANCE * scale,
                                       err_msg=str(how))  # fmt: skip


@pytest.mark.parametrize("cell", FUSED)
def test_a_gradient_without_a_training_pass_is_the_same(cell: Cell) -> None:
    layer: Any = FUSED[cell](5)
    x = tf.constant(np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32))
    found = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(layer(x, training=training) ** 2)
        found.append(np.asarray(tape.gradient(y, x)))
    np.testing.assert_array_equal(*found)
    assert np.abs(found[0]).max() > 0


@pytest.mark.parametrize("cell", FUSED)
def test_a_second_derivative_is_refused(cell: Cell) -> None:
    layer: Any = FUSED[cell](4)
    x = tf.ones((3, 5, 2))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(layer(x) ** 2)
        slope = tf.reduce_sum(inner.gradient(y, x) ** 2)  # as in a gradient penalty
    with pytest.raises(LookupError, match=f"Conveyor{cell.upper()}Grad"):
        outer.gradient(slope, x)


@pytest.mark.parametrize("cell", FUSED)
def test_a_length_known_only_at_run_time_and_dropout_train_as_in_keras(cell: Cell) -> None:
    weights = []
    for kind in (CELLS[cell], FUSED[cell]):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        inputs = keras.Input((None, 3))
        hidden = layers.Bidirectional(kind(6, return_sequences=True, dropout=0.4))(inputs)
        model = keras.Model(inputs, layers.Dense(1)(kind(4)(hidden)))
        model.compile(keras.optimizers.SGD(0.1), "mse")
        draw = np.random.default_rng(0)
        for time in (1, 8, 5):
            x, y = draw.normal(size=(4, time, 3)), draw.normal(size=(4, 1))
            model.train_on_batch(x.astype(np.float32), y.astype(np.float32))
        weights.append(model.get_weights())
    for keras_value, ours in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, keras_value, atol=TOLERANCE)


@pytest.mark.parametrize("cell", FUSED)
def test_results_do_not_depend_on_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, cell: Cell
) -> None:
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("CONVEYOR_THREADS", threads)
        found.append(results(FUSED[cell], (100, 40, 30, 50), "right", return_sequences=True))
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("cell", FUSED)
@pytest.mark.parametrize("graph", [True, False])
def test_a_gradient_asked_for_twice_is_the_same(graph: bool, cell: Cell) -> None:
    """The first one must not take the memory that the second needs."""
    layer: Any = FUSED[cell](40)
    x = tf.random.stateless_normal((33, 20, 7), (1, 2))
    layer.build(x.shape)

    def twice() -> Any:
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_sum(tf.sin(layer(x, training=True)))
        weights = layer.trainable_variables
        return [tape.gradient(loss, [w.value for w in weights]) for _ in range(2)]

    first, second = tf.function(twice)() if graph else twice()
    for one, same in zip(first, second, strict=True):
        assert np.abs(one).max() > 0
        np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("cell", FUSED)
def test_what_is_no_number_stays_none(cell: Cell) -> None:
    x = np.ones((3, 4, 2), np.float32)
    x[1, 2, 0] = np.nan
    ours, keras_own = (kinds[cell](5, return_sequences=True) for kinds in (FUSED, CELLS))
    for layer in (ours, keras_own):
        layer.build(x.shape)
    keras_own.set_weights(ours.get_weights())
    none = np.isnan(ours(x))
    assert none.sum() == 2 * 5
    np.testing.assert_array_equal(none, np.isnan(keras_own(x)))


OUT_OF_REACH: list[dict[str, Any]] = [
    {"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"use_bias": False},
    {"recurrent_dropout": 0.3}, {"dtype": "mixed_bfloat16"}, {"dtype": "mixed_float16"},
    {"unroll": True},
]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "how"),
    [*itertools.product(FUSED, OUT_OF_REACH), ("gru", {"reset_after": False})],
    ids=str,
)
def test_what_the_kernel_cannot_serve_is_computed_by_keras_and_told(
    cell: Cell, how: dict[str, Any]
) -> None:
    outputs = []
    for kind in (CELLS[cell], FUSED[cell]):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4, 2)), kind(3, **how)])
        outputs.append(np.asarray(model(np.ones((2, 4, 2), np.float32))))
    np.testing.assert_array_equal(*outputs)
    [line] = cudnn_report(model)
    reason = how.get("dtype", "").removeprefix("mixed_") or next(iter(how))
    _, processor = line.split(" on a GPU; ")
    assert reason in processor
    assert "Keras" in processor


@pytest.mark.parametrize("cell", FUSED)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_file_of_one_kernel_loads_with_the_other(
    tmp_path: Path, bidirectional: bool, cell: Cell
) -> None:
    head = class_head(3)
    values = np.random.default_rng(0).normal(size=(5, 6, 4)).astype(np.float32)
    batch = {"values": values, "lengths": np.array([6, 1, 4, 3, 2], np.int32)}
    answers = {}
    for kernel, other in (("keras", "fused"), ("fused", "keras")):
        how = {"cell": cell, "kernel": kernel, "bidirectional": bidirectional}
        config = Model(**{**PLAIN, **how})
        keras.utils.set_random_seed(1)
        model = build(config, head, features=4)
        save_canonical(model, tmp_path / f"{kernel}.keras")
        swapped = build(config.model_copy(update={"kernel": other}), head, features=4)
        swapped.load_weights(tmp_path / f"{kernel}.keras")
        answers[kernel] = np.asarray(model(batch))
        np.testing.assert_allclose(np.asarray(swapped(batch)), answers[kernel], atol=1e-6)
        kinds = {type(layer) for layer in _recurrent(model)}
        assert kinds == {FUSED[cell] if kernel == "fused" else CELLS[cell]}
        loaded: Any = keras.models.load_model(tmp_path / f"{kernel}.keras")
        np.testing.assert_array_equal(np.asarray(loaded(batch)), answers[kernel])


def _recurrent(model: keras.Model) -> list[Any]:
    inner = [getattr(layer, "forward_layer", layer) for layer in model.layers]
    return [layer for layer in inner if isinstance(layer, layers.RNN)]
