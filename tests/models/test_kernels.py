"""What chooses the compiled kernels, makes them, and what they refuse."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from conveyor.config import Model
from conveyor.models.build import build
from conveyor.models.kernels import fused, library, sequence
from tests.models.test_build import PLAIN
from tests.toys import class_head


def test_fused_is_refused_for_a_stack_it_cannot_serve() -> None:
    expected = "expected cell=lstm or gru, got simple; expected recurrent_dropout=0.0, got 0.2"
    with pytest.raises(ValueError, match=expected):
        Model(**{**PLAIN, "kernel": "fused", "cell": "simple", "recurrent_dropout": 0.2})


def test_without_a_compiler_auto_trains_with_keras_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lstm.c").write_text("#error no such processor\n")
    monkeypatch.setattr(library, "SOURCES", tmp_path)
    library.operators.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            model = build(Model(**{**PLAIN, "kernel": "auto"}), class_head(3), features=4)
        assert not any(isinstance(layer, fused.LSTM) for layer in model.layers)
        assert "no such processor" in caplog.text
        assert "model.kernel=keras" in caplog.text
        with pytest.raises(library.KernelError, match="no such processor"):
            build(Model(**{**PLAIN, "kernel": "fused"}), class_head(3), features=4)
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
    tensors = {key: tf.ones(size) for key, size in shapes.items()}
    mask = tf.cast(tensors.pop("mask"), tf.bool)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"needs kernel \(features, gates"):
        sequence.FusedSequence(sequence.LSTM, mask).run(*tensors.values())


SCARCE = """
import resource, sys
import numpy as np
import tensorflow as tf
from conveyor.models.kernels import sequence

MIB, UNITS = 2**20, 1500  # the recurrent weights take 34 MiB, their packed form as much again
draw = np.random.default_rng(0)
x, kernel, recurrent, bias, h, c = (
    tf.constant(0.02 * draw.normal(size=shape), tf.float32)
    for shape in [(40, 3, 8), (8, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (40, UNITS),
                  (40, UNITS)])
lstm = sequence.FusedSequence(sequence.LSTM, tf.ones((40, 3), tf.bool))

def train():
    with tf.GradientTape() as tape:
        tape.watch([x, recurrent])
        out = lstm.run(x, kernel, recurrent, bias, h, c)
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


HELPED = """
import os, time
import numpy as np
import tensorflow as tf
from conveyor.models.kernels import sequence

draw = np.random.default_rng(0)
x, kernel, recurrent, bias, h, c = (
    tf.constant(0.1 * draw.normal(size=shape), tf.float32)
    for shape in [(64, 50, 32), (32, 256), (64, 256), (256,), (64, 64), (64, 64)])
lstm = sequence.FusedSequence(sequence.LSTM, tf.ones((64, 50), tf.bool))

def layer():
    return lstm.run(x, kernel, recurrent, bias, h, c)[0].numpy()

def threads():
    return len(os.listdir("/proc/self/task"))

first, before = layer(), threads()
for pause in (0, 0.001, 0.05, 0.05):  # the helper is at work, looks out, sleeps
    time.sleep(pause)
    assert np.array_equal(layer(), first)
assert threads() == before
if not os.fork():
    alone = threads()
    assert np.array_equal(layer(), first)
    print(threads() - alone, flush=True)
    os._exit(0)
assert os.wait()[1] == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_helpers_stay_wake_again_and_are_made_anew_after_a_fork() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HELPED], env={**os.environ, "CONVEYOR_THREADS": "2"},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.split() == ["1"]
