"""The compiled LSTM against Keras's own, and what chooses between them."""

import itertools
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from conveyor.config import Model
from conveyor.models.build import build
from conveyor.models.canonical import save_canonical
from conveyor.models.cudnn import cudnn_report
from conveyor.models.kernels import fused, library, sequence
from tests.models.test_build import PLAIN

TOLERANCE = 1e-5
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


def results(kind: type[layers.LSTM], shape: tuple[int, ...], mask: str, **how: Any) -> list[Any]:
    """Outputs, states and all gradients of one layer with fixed weights."""
    batch, time, features, units = shape
    both, given = how.pop("both", False), how.pop("given", False)
    draw = np.random.default_rng(1)
    layer: Any = kind(units, return_state=True, **how)
    layer = layers.Bidirectional(layer) if both else layer
    layer.build((batch, time, features))
    layer.set_weights([0.4 * draw.normal(size=w.shape) for w in layer.get_weights()])
    x = tf.constant(draw.normal(size=(batch, time, features)).astype(np.float32))
    states = [tf.constant(draw.normal(size=(batch, units)).astype(np.float32))
              for _ in range(4 if both else 2)]  # fmt: skip
    watched = [x, *(states if given else [])]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = layer(x, mask=mask_of(mask, batch, time), training=True,
                        initial_state=states if given else None)  # fmt: skip
        loss = sum(tf.reduce_sum(tf.sin((i + 1.0) * v)) for i, v in enumerate(outputs))
    weights = [w.value for w in layer.trainable_variables]
    return [*outputs, *tape.gradient(loss, [*watched, *weights])]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_outputs_states_and_gradients_are_those_of_keras(shape: Any, mask: str) -> None:
    for sequences, back, given, zeros, both in itertools.product([True, False], repeat=5):
        if both and (back or zeros):  # Bidirectional sets these for its two layers itself
            continue
        how = {"return_sequences": sequences, "go_backwards": back, "given": given,
               "zero_output_for_mask": zeros, "both": both}  # fmt: skip
        pairs = zip(results(layers.LSTM, shape, mask, **how),
                    results(fused.LSTM, shape, mask, **how), strict=True)  # fmt: skip
        for keras_value, ours in pairs:
            scale = max(1.0, float(np.abs(keras_value).max()))
            np.testing.assert_allclose(ours, keras_value, rtol=0, atol=TOLERANCE * scale,
                                       err_msg=str(how))  # fmt: skip


def test_a_gradient_without_a_training_pass_is_the_same() -> None:
    layer = fused.LSTM(5)
    x = tf.constant(np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32))
    found = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(layer(x, training=training) ** 2)
        found.append(np.asarray(tape.gradient(y, x)))
    np.testing.assert_array_equal(*found)
    assert np.abs(found[0]).max() > 0


@pytest.mark.parametrize("mask", ["none", "gaps"])
def test_second_derivatives_are_those_of_keras(mask: str) -> None:
    found = []
    for kind in (layers.LSTM, fused.LSTM):
        layer: Any = kind(4, return_sequences=True, use_cudnn=False)
        layer.build((3, 5, 2))
        draw = np.random.default_rng(1)
        layer.set_weights([0.4 * draw.normal(size=w.shape) for w in layer.get_weights()])
        x = tf.constant(draw.normal(size=(3, 5, 2)).astype(np.float32))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x, mask=mask_of(mask, 3, 5)) ** 2)
            slope = tf.reduce_sum(inner.gradient(y, x) ** 2)  # as in a gradient penalty
        found.append(
            [
                np.asarray(v)
                for v in outer.gradient(slope, [x, *[w.value for w in layer.trainable_variables]])
            ]
        )
    for keras_value, ours in zip(*found, strict=True):
        assert np.abs(keras_value).max() > 0
        np.testing.assert_allclose(ours, keras_value, atol=1e-4)


def test_a_length_known_only_at_run_time_and_dropout_train_as_in_keras() -> None:
    weights = []
    for kind in (layers.LSTM, fused.LSTM):
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


def test_results_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("CONVEYOR_THREADS", threads)
        found.append(results(fused.LSTM, (100, 40, 30, 50), "right", return_sequences=True))
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize(
    "how",
    [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"use_bias": False},
     {"recurrent_dropout": 0.3}, {"dtype": "mixed_bfloat16"}, {"unroll": True}],
    ids=str,
)  # fmt: skip
def test_what_the_kernel_cannot_serve_is_computed_by_keras_and_told(how: dict[str, Any]) -> None:
    outputs = []
    for kind in (layers.LSTM, fused.LSTM):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4, 2)), kind(3, **how)])
        outputs.append(np.asarray(model(np.ones((2, 4, 2), np.float32))))
    np.testing.assert_array_equal(*outputs)
    [report] = cudnn_report(model)
    reason = "bfloat16" if "dtype" in how else next(iter(how))
    assert reason in report.kernel
    assert "Keras" in report.kernel


@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_file_of_one_kernel_loads_with_the_other(tmp_path: Path, bidirectional: bool) -> None:
    size = {"classes": 3, "features": 4}
    values = np.random.default_rng(0).normal(size=(5, 6, 4)).astype(np.float32)
    batch = {"values": values, "lengths": np.array([6, 1, 4, 3, 2], np.int32)}
    answers = {}
    for kernel, other in (("keras", "fused"), ("fused", "keras")):
        config = Model(**{**PLAIN, "kernel": kernel, "bidirectional": bidirectional})
        keras.utils.set_random_seed(1)
        model = build(config, **size)
        save_canonical(model, tmp_path / f"{kernel}.keras")
        swapped = build(config.model_copy(update={"kernel": other}), **size)
        swapped.load_weights(tmp_path / f"{kernel}.keras")
        answers[kernel] = np.asarray(model(batch))
        np.testing.assert_allclose(np.asarray(swapped(batch)), answers[kernel], atol=1e-6)
        kinds = {type(layer) for layer in _recurrent(model)}
        assert kinds == {fused.LSTM if kernel == "fused" else layers.LSTM}
        loaded: Any = keras.models.load_model(tmp_path / f"{kernel}.keras")
        np.testing.assert_array_equal(np.asarray(loaded(batch)), answers[kernel])


def _recurrent(model: keras.Model) -> list[Any]:
    inner = [getattr(layer, "forward_layer", layer) for layer in model.layers]
    return [layer for layer in inner if isinstance(layer, layers.RNN)]


def test_fused_is_refused_for_a_stack_it_cannot_serve() -> None:
    with pytest.raises(ValueError, match=r"cell=gru \(needs lstm\), recurrent_dropout=0.2"):
        Model(**{**PLAIN, "kernel": "fused", "cell": "gru", "recurrent_dropout": 0.2})


def test_without_a_compiler_auto_trains_with_keras_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lstm.c").write_text("#error no such processor\n")
    monkeypatch.setattr(library, "SOURCES", tmp_path)
    library.operators.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            model = build(Model(**{**PLAIN, "kernel": "auto"}), classes=3, features=4)
        assert not any(isinstance(layer, fused.LSTM) for layer in model.layers)
        assert "no such processor" in caplog.text
        assert "model.kernel=keras" in caplog.text
        with pytest.raises(library.KernelError, match="no such processor"):
            build(Model(**{**PLAIN, "kernel": "fused"}), classes=3, features=4)
    finally:
        library.operators.cache_clear()


def test_processes_that_compile_at_once_all_get_the_kernel(tmp_path: Path) -> None:
    code = "from conveyor.models.kernels.library import operators; operators('lstm')"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    started = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert len(list(tmp_path.glob("conveyor/kernels/*.so"))) == 1


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("kernel", (3, 16)),
        ("recurrent", (4, 12)),
        ("bias", (15,)),
        ("h0", (1, 4)),
        ("c0", (2, 5)),
        ("mask", (2, 6)),
    ],
)
def test_shapes_that_do_not_fit_are_refused_before_memory_is_read(
    name: str, shape: tuple[int, ...]
) -> None:
    shapes = {"x": (2, 5, 2), "kernel": (2, 16), "recurrent": (4, 16), "bias": (16,),
              "h0": (2, 4), "c0": (2, 4), "mask": (2, 5), name: shape}  # fmt: skip
    given = {key: tf.ones(size) for key, size in shapes.items()}
    way = sequence.Way(tf.cast(given.pop("mask"), tf.bool))
    states = [given.pop("h0"), given.pop("c0")]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"needs kernel \(features, gates"):
        sequence.run(sequence.LSTM, **given, states=states, way=way)


SCARCE = """
import resource, sys
import numpy as np
import tensorflow as tf
from conveyor.models.kernels import sequence

MIB, UNITS = 2**20, 1500  # the recurrent weights take 34 MiB, their packed form as much again
draw = np.random.default_rng(0)
x, kernel, recurrent, bias, h, c = (
    tf.constant(0.02 * draw.normal(size=shape), tf.float32)
    for shape in [(40, 30, 8), (8, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (40, UNITS),
                  (40, UNITS)])
way = sequence.Way(tf.ones((40, 30), tf.bool))

def train():
    with tf.GradientTape() as tape:
        tape.watch([x, recurrent])
        out = sequence.run(sequence.LSTM, x, kernel, recurrent, bias, [h, c], way)
    return [v.numpy() for v in (*out, *tape.gradient(out, [x, recurrent]))]

whole, refused, done = train(), 0, 0
for spare in range(8, 1000, 16):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + spare * MIB, resource.RLIM_INFINITY))
    try:
        found = train()
    except tf.errors.ResourceExhaustedError:
        refused += 1
        continue
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    done += 1
    assert all(np.array_equal(a, b) for a, b in zip(whole, found))
    if done == 3:
        break
print(refused, done)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for the memory in use")
def test_too_little_memory_is_an_error_of_tensorflow_and_no_crash() -> None:
    """The limit grows step by step, so that it is met at one allocation after the other."""
    ended = subprocess.run([sys.executable, "-c", SCARCE], capture_output=True, text=True,
                           check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    refused, done = map(int, ended.stdout.split())
    assert refused >= 5
    assert done == 3
