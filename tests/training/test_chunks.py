"""Truncated back-propagation through time, beside whole rows and a plain reference."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from conveyor.config import Config, ConfigError, FitConfig, narrow, overlay, validate
from conveyor.data.store import Prepared
from conveyor.training.batches import Batch, BatchReader, plan_batches
from conveyor.training.chunked_steps import make_steps
from conveyor.training.compile import compile_model, set_up_keras
from conveyor.training.steps import Steps, Update
from tests.toys import class_head

STACKS: list[dict[str, Any]] = [
    {"model.cell": "lstm", "model.pooling": "last", "model.kernel": "auto",
     "model.units": [6, 6], "model.residual": True, "model.layer_norm": True},
    {"model.cell": "gru", "model.pooling": "mean", "model.head_dropout": 0.3},
    {"model.cell": "simple", "model.pooling": "max", "model.recurrent_dropout": 0.2},
]  # fmt: skip


def batches(toys: Prepared) -> list[Batch]:
    rows = BatchReader([toys.split("train")])
    return list(rows.read(plan_batches(rows.lengths, 8, bucket_batches=4, seed=1, epoch=0)))


def stack(toys: Prepared, config: Config, chunk: int | None) -> tuple[keras.Model, Steps]:
    config = overlay(config, {"train.chunk": chunk})
    set_up_keras(config.seed)
    head = class_head(2)
    model = compile_model(config, toys, head, updates=45)
    targets = toys.split("train").targets
    return model, make_steps(model, head, targets, config, look_inside=True)


def flatten(update: Update) -> list[float]:
    """Return all that a step measures."""
    return [update.loss, update.score, *update.gradient_norms]


@pytest.mark.parametrize("changes", STACKS)
def test_a_chunk_of_whole_rows_trains_as_without_chunks(
    toys: Prepared, toy_config: Config, changes: dict[str, Any]
) -> None:
    """Dropout draws the same numbers, and validations answer the same."""
    config = overlay(toy_config, {"train.clip_norm": 0.5, **changes})
    results = []
    for chunk in (None, 9):
        model, steps = stack(toys, config, chunk)
        measured = [flatten(steps.train(batch)) for batch in batches(toys)]
        answered = steps.validate(batches(toys), ["accuracy"])
        # The validation left the same random states.
        measured.append(flatten(steps.train(batches(toys)[0])))
        results.append([measured, answered.scores, answered.outputs, *model.get_weights()])
    for whole, chunked in zip(*results, strict=True):
        if isinstance(whole, dict):
            assert chunked == pytest.approx(whole, abs=1e-5)
        else:
            np.testing.assert_allclose(chunked, whole, atol=1e-5)


@pytest.mark.parametrize("changes", STACKS)
def test_chunks_answer_as_whole_rows_do(
    toys: Prepared, toy_config: Config, changes: dict[str, Any]
) -> None:
    """Also while training: a row has one dropout mask over all of its chunks."""
    outputs, losses = [], []
    for chunk in (None, 2):
        model, steps = stack(toys, overlay(toy_config, changes), chunk)
        draw = np.random.default_rng(0)
        model.set_weights([w + 0.3 * draw.standard_normal(w.shape) for w in model.get_weights()])
        outputs.append(steps.validate(batches(toys), []).outputs)
        losses.append(steps.train(batches(toys)[0]).loss)
    np.testing.assert_allclose(*outputs, atol=1e-5)
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def truncated(model: keras.Model, batch: Batch, pooling: str, chunk: int) -> Sequence[Any]:
    """The gradients of the loss by the weights, step by step in plain operations."""
    inputs, targets = batch
    [cell] = [layer.cell for layer in model.layers if isinstance(layer, keras.layers.RNN)]
    reduce = {"last": lambda seen: seen[-1], "mean": lambda seen: tf.reduce_mean(seen, 0),
              "max": lambda seen: tf.reduce_max(seen, 0)}[pooling]  # fmt: skip
    with tf.GradientTape() as tape:
        pooled = []
        for row, length in zip(inputs["values"], inputs["lengths"], strict=True):
            states, seen = cell.get_initial_state(1), []
            for step in range(length):
                if step % chunk == 0:
                    states = [tf.stop_gradient(state) for state in states]
                h, states = cell(row[None, step], states)
                seen.append(h[0])
            pooled.append(reduce(seen))
        outputs = model.layers[-1](tf.stack(pooled))
        loss = tf.reduce_mean(class_head(2).training_losses(targets, outputs))
    return tape.gradient(loss, model.trainable_variables)


@pytest.mark.parametrize(
    ("cell", "pooling"), [("lstm", "last"), ("gru", "mean"), ("simple", "max")]
)
def test_a_gradient_ends_at_the_first_step_of_its_chunk(
    toys: Prepared, toy_config: Config, cell: str, pooling: str
) -> None:
    config = overlay(toy_config, {
        "model.cell": cell, "model.pooling": pooling, "model.dropout": 0.0,
        "train.optimizer": "sgd", "train.clip_norm": None, "train.weight_decay": 0.0,
        "train.learning_rate": 1.0,
    })  # fmt: skip
    batch = batches(toys)[0]
    model, steps = stack(toys, config, 2)
    before = model.get_weights()
    expected = truncated(model, batch, pooling, 2)
    whole = truncated(model, batch, pooling, 99)
    steps.train(batch)
    # The first update of SGD with Nesterov's momentum of 0.9 is 1.9 gradients.
    found = [(b - a) / 1.9 for a, b in zip(model.get_weights(), before, strict=True)]
    for gradient, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, reference, atol=1e-5)
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(expected, whole, strict=True))


REFUSED = {
    "model.bidirectional": True, "model.front": "convolution", "model.wide": True,
    "model.pooling": "attention", "train.strategy": "mirrored",
}  # fmt: skip


@pytest.mark.parametrize("field", REFUSED)
def test_what_looks_ahead_is_refused_by_its_field(toy_config: Config, field: str) -> None:
    overlay(toy_config, {"train.chunk": 500})
    with pytest.raises(ConfigError, match=rf"{field}: expected .* with train.chunk=500; got"):
        overlay(toy_config, {"train.chunk": 500, field: REFUSED[field]})


HEADS: list[dict[str, Any]] = [
    {"task": "tagging", "label_smoothing": 0.0, "decoding": "argmax"},
    {"task": "forecasting", "quantiles": [0.1, 0.5, 0.9], "level": "last", "spread": False,
     "calibrate": False},
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head["task"])
def test_a_target_of_steps_or_windows_is_refused(toy_config: Config, head: dict[str, Any]) -> None:
    pooling = "none" if head["task"] == "tagging" else "last"
    values = narrow(overlay(toy_config, {"train.chunk": 500}), FitConfig).model_dump(mode="json")
    values |= {"head": head, "model": {**values["model"], "pooling": pooling}}
    with pytest.raises(
        ConfigError, match=rf"train.chunk: expected null, .*{head['task']}.*got 500"
    ):
        validate(FitConfig, values, origin=lambda key: "conf")
