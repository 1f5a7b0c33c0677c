"""One step of ours beside one of Keras's `fit`."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.models.build import build
from conveyor.training.batches import Batch, BatchReader, plan_batches
from conveyor.training.compile import compile_model, set_up_keras
from conveyor.training.optimizers import Adam, AdamW
from conveyor.training.steps import Steps
from tests.toys import class_head


def batches(toys: Prepared, epoch: int = 0) -> list[Batch]:
    rows = BatchReader([toys.split("train")])
    return list(rows.read(plan_batches(rows.lengths, 8, bucket_batches=4, seed=1, epoch=epoch)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, [2.0, 2 / 3]])
def test_steps_train_as_keras_does(
    toys: Prepared, toy_config: Config, smoothing: float, weights: Any
) -> None:
    config = overlay(toy_config, {"train.weight_decay": 0.01, "train.clip_norm": 0.5})
    set_up_keras(config.seed)
    head = class_head(2, smoothing=smoothing, weights="none" if weights is None else "balanced")
    ours = compile_model(config, toys, head, updates=45)
    set_up_keras(config.seed)
    theirs = build(config.model, class_head(2), features=2)
    adam = keras.optimizers.Adam(config.train.learning_rate, weight_decay=0.01, global_clipnorm=0.5)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    theirs.compile(adam, loss)
    head.prepare_loss(np.array([0, 1, 1, 1]), few_rows=False)
    steps = Steps(ours, head, toys.split("train").targets)
    for inputs, labels in batches(toys):
        update = steps.train((inputs, labels))
        expected = theirs.train_on_batch(
            inputs, np.eye(2, dtype=np.float32)[labels],
            class_weight=None if weights is None else dict(enumerate(weights)),
        )  # fmt: skip
        theirs.reset_metrics()
        assert update.loss / len(labels) == pytest.approx(expected, rel=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)  # a step is 2e-2


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_an_update_in_one_operator_is_kerass(kind: Any) -> None:
    """On a dense gradient and on that of an embedding, which is sparse."""
    results = []
    for made in (kind, getattr(keras.optimizers, kind.__name__)):
        draw = np.random.default_rng(3)
        optimizer = made(0.01, weight_decay=0.02)
        table, matrix = (keras.Variable(draw.normal(size=(5, 4)), dtype="float32")
                         for _ in range(2))  # fmt: skip
        for _ in range(20):
            with tf.GradientTape() as tape:
                rows = tf.gather(table.value, [1, 3, 1])
                loss = tf.reduce_sum(tf.tanh(rows @ tf.transpose(matrix.value)) ** 2)
            gradients = tape.gradient(loss, [table.value, matrix.value])
            assert isinstance(gradients[0], tf.IndexedSlices)
            optimizer.apply(gradients, [table, matrix])
        results.append([np.asarray(v) for v in (table, matrix, *optimizer.variables)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_each_graph_is_traced_once_whatever_the_shapes(toys: Prepared, toy_config: Config) -> None:
    set_up_keras(1)
    model = compile_model(toy_config, toys, class_head(2), updates=45)
    traced: list[bool] = []
    call = type(model).call

    def counting(self: Any, *given: Any, **named: Any) -> Any:
        traced.append(bool(named.get("training")))
        return call(self, *given, **named)

    model.call = counting.__get__(model)
    steps = Steps(model, class_head(2), toys.split("train").targets)
    some = batches(toys)
    assert len({inputs["values"].shape for inputs, _ in some}) > 2
    for batch in some:
        steps.train(batch)
    steps.validate(some, ["accuracy"])
    steps.validate(some[:1], ["accuracy"])
    assert traced == [True, False]
