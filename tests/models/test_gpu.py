"""What an NVIDIA GPU computes, held against the processor. Needs one, and the extra `gpu`."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.models.cudnn import cudnn_report
from conveyor.models.devices import gpus, prepare_devices
from conveyor.training.fit import fit
from tests.models.test_build import stack

pytestmark = pytest.mark.skipif(not gpus(), reason="there is no GPU here")
prepare_devices()  # before anything is computed
LENGTHS = np.array([1, 60, 17, 59, 2, 33], np.int32)
CLASSES = np.array([0, 1, 2, 0, 1, 2])


def inputs() -> dict[str, Any]:
    draw = np.random.default_rng(5)
    values = draw.standard_normal((6, 60, 4)).astype(np.float32)
    values[np.arange(60) >= LENGTHS[:, None]] = 0
    return {"values": tf.constant(values), "lengths": tf.constant(LENGTHS)}


def answers_and_gradients(model: keras.Model) -> list[Any]:
    """As a compiled step computes them, with the names of its operations first."""

    @tf.function(autograph=False)
    def step(given: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            answers = model(given, training=False)
            loss = keras.losses.sparse_categorical_crossentropy(CLASSES, answers)
        return answers, tape.gradient(loss, model.trainable_variables)

    graph = step.get_concrete_function(inputs()).graph
    answers, gradients = step(inputs())
    return [{op.type for op in graph.get_operations()}, answers, *gradients]


def without_cudnn(model: keras.Model) -> None:
    for layer in model.layers:
        pair = [layer]
        if isinstance(layer, layers.Bidirectional):
            pair = [layer.forward_layer, layer.backward_layer]
        for one in pair:
            if isinstance(one, layers.LSTM | layers.GRU):
                one.use_cudnn = False


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_cudnn_computes_what_the_processor_does(cell: str, both: bool, pooling: str) -> None:
    """Rows of all lengths, padded: a mask that cuDNN refuses, the processor takes."""
    how = {"cell": cell, "bidirectional": both, "pooling": pooling, "kernel": "auto"}
    model, _ = stack(**how)
    assert not any("no cuDNN" in line for line in cudnn_report(model))
    operations, *found = answers_and_gradients(model)
    with tf.device("CPU:0"):
        reference, _ = stack(**how)
        without_cudnn(reference)
        plain, *expected = answers_and_gradients(reference)
    assert {"CudnnRNNV3", "CudnnRNNBackpropV3"} <= operations
    assert "CudnnRNNV3" not in plain
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(1.0, float(np.abs(theirs).max()))
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * scale, rtol=0)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_fit_on_the_gpu_learns_and_repeats(
    precision: str, toys: Prepared, toy_config: Config
) -> None:
    config = overlay(toy_config, {"train.precision": precision, "train.epochs": 12})
    first, history = fit(config, toys, progress=False)
    second, repeated = fit(config, toys, progress=False)
    assert "GPU" in first.trainable_variables[0].value.device
    assert history.best["val_accuracy"] >= 0.9
    if precision == "mixed_bfloat16":  # cuDNN's bfloat16 layers differ from one call to the next
        return
    assert history.validations == repeated.validations
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
