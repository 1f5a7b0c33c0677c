"""The statistics of layers against the equations of the cells, and norms against plain ones."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from conveyor.config import Config, Model, overlay
from conveyor.config.budget import plan_budget
from conveyor.data.store import Prepared
from conveyor.inspection.equations import GATES, HIDDEN
from conveyor.inspection.recurrent_layers import read_layers
from conveyor.inspection.trace import read_sources, trace_layer
from conveyor.metrics.layers import layers_by_statistic, name_metric
from conveyor.models.build import build
from conveyor.models.onnx_network import to_onnx
from conveyor.plots.training import plot_layers
from conveyor.report.figures import draw_layers
from conveyor.training.batches import Batch, BatchReader
from conveyor.training.compile import compile_model
from conveyor.training.layer_norms import LayerNorms
from conveyor.training.layer_statistics import ROWS, STEPS, LayerStatistics, choose_inputs
from conveyor.training.steps import Steps, Update
from conveyor.training.trainer import Trainer
from conveyor.training.validated_fit import choose_rows, fit_best, start_state
from tests.toys import class_head, make_split

HEAD = class_head(3)
LENGTHS = np.array([7, 1, 4], np.int32)
CELLS = ("lstm", "gru", "simple")


def make_network(toy_config: Config, **changes: Any) -> tuple[keras.Model, Model]:
    """A network with weights so large that some gates are saturated, and a first unit that is
    dead: nothing reaches it, whatever its gates do."""
    config = toy_config.model.model_copy(update={"units": (5, 5), "dropout": 0.4, **changes})
    keras.utils.set_random_seed(1)
    model = build(config, HEAD, features=4)
    draw = np.random.default_rng(0)
    model.set_weights([w + draw.standard_normal(w.shape) for w in model.get_weights()])
    for layer in model.layers:
        for inner in (getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", 0)):
            for weight in inner.weights if hasattr(inner, "cell") else ():
                values = np.asarray(weight).copy()
                values[..., :: config.units[0]] = 0.0
                weight.assign(values)
    return model, config


def make_batch() -> Batch:
    draw = np.random.default_rng(2)
    values = draw.standard_normal((3, 7, 4)).astype(np.float32)
    values[np.arange(7) >= LENGTHS[:, None]] = 0.0
    return {"values": values, "lengths": LENGTHS}, np.array([0, 2, 1], np.int32)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("bidirectional", "pooling"), [(False, "last"), (True, "last"), (True, "mean")]
)
def test_gates_and_units_are_those_of_the_equations(
    toy_config: Config, cell: str, bidirectional: bool, pooling: str
) -> None:
    changes = {"cell": cell, "bidirectional": bidirectional, "pooling": pooling}
    model, config = make_network(toy_config, **changes)
    batch = make_batch()
    statistics = LayerStatistics(model, batch[0]).measure()
    proto = to_onnx(model, config, HEAD)
    layers = read_layers(proto)
    sources = read_sources(proto, layers, batch[0])  # (time, batch, inputs) of each
    for depth, (layer, source) in enumerate(zip(layers, sources, strict=True)):
        traces = [trace_layer(depth, layer, source[:n, row]) for row, n in enumerate(LENGTHS)]
        gates, dead = [], []
        for directions in zip(*traces, strict=True):
            states = [trace.states for trace in directions]
            names = [name for name in GATES if name in states[0]]
            gates += [np.concatenate([s[name] for s in states]).ravel() for name in names]
            hidden = np.concatenate([s[HIDDEN] for s in states])
            dead.append(np.ptp(hidden, axis=0) < 1e-3)
        name = f"bidirectional_{depth}" if bidirectional else f"{cell}_{depth}"
        assert statistics[name_metric("dead_units", name)] == pytest.approx(np.mean(dead))
        assert np.mean(dead) >= 0.2
        if gates:
            all_gates = np.concatenate(gates)
            share = np.mean((all_gates < 0.1) | (all_gates > 0.9))
            assert 0.05 < share < 0.95
            assert statistics[name_metric("saturated_gates", name)] == pytest.approx(share)
        else:
            assert name_metric("saturated_gates", name) not in statistics


def test_each_layer_has_its_statistics_by_name(toy_config: Config) -> None:
    model = build(toy_config.model.model_copy(update={"front": "convolution"}), HEAD, features=4)
    inputs, _ = make_batch()
    by_statistic = layers_by_statistic(LayerStatistics(model, inputs).measure())
    convolutions = [f"convolution_{number}" for number in range(3)]
    learning = [*convolutions, "lstm_0", "probabilities"]
    assert by_statistic == {
        "weight_norm": learning,
        "saturated_gates": ["lstm_0"],
        "dead_units": [*convolutions, "lstm_0"],
    }
    assert LayerNorms(model).layers == learning


TEXTS = {"values": np.array([[3, 1, 3, 2, 3], [4, 1, 0, 0, 0], [1, 1, 2, 0, 0]], np.int32),
         "lengths": np.array([5, 2, 3], np.int32)}  # fmt: skip


@pytest.mark.parametrize("of_texts", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_norms_are_those_of_the_gradients_and_of_the_weights(
    toy_config: Config, of_texts: bool, scaled: bool
) -> None:
    """Also of an embedding, whose gradient has several slices of a token; and of a scaled loss."""
    if of_texts:
        config = toy_config.model.model_copy(update={"dropout": 0.0, "wide": True})
        model = build(config, HEAD, vocabulary=5)
        inputs, targets = TEXTS, np.array([0, 2, 1], np.int32)
    else:
        model, _ = make_network(toy_config, dropout=0.0, head_dropout=0.0)
        inputs, targets = make_batch()
    optimizer = keras.optimizers.SGD(0.0, global_clipnorm=1e-3)
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer)
    model.optimizer.build(model.trainable_variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(HEAD.training_losses(targets, model(inputs, training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    by_weight = {
        id(weight): tf.convert_to_tensor(gradient).numpy()
        for weight, gradient in zip(model.trainable_variables, gradients, strict=True)
    }

    steps = Steps(model, HEAD, targets, look_inside=True)
    assert steps.norms is not None
    norms = steps.train((inputs, targets)).gradient_norms
    statistics = LayerStatistics(model, inputs).measure()
    assert ("embedding" in steps.norms.layers) is of_texts
    for name, norm in zip(steps.norms.layers, norms, strict=True):
        weights = model.get_layer(name).trainable_variables
        expected = np.concatenate([by_weight[id(weight)].ravel() for weight in weights])
        assert norm == pytest.approx(np.linalg.norm(expected), rel=1e-4)
        flat = np.concatenate([np.asarray(weight).ravel() for weight in weights])
        of_weights = statistics[name_metric("weight_norm", name)]
        assert of_weights == pytest.approx(np.linalg.norm(flat), rel=1e-5)


def test_gradient_norms_are_means_over_the_updates_that_were_made(
    toys: Prepared, toy_config: Config
) -> None:
    """In float16 the optimizer skips an update whose gradients are no finite numbers."""
    rows, head = BatchReader([toys.split("train")]), toys.task.head(toy_config.head)
    budget = plan_budget(toy_config.train, len(rows.lengths))
    model = compile_model(toy_config, toys, head, updates=4)
    trainer = Trainer(model, head, toy_config, budget, rows, few_rows=False, look_inside=True)
    layers = LayerNorms(model).layers
    measured = iter([1.0, np.inf, 3.0, 5.0])

    def train(batch: Batch, *, measure_norms: bool) -> Update:
        norm = next(measured) if measure_norms else np.nan
        return Update(1.0, 1.0, np.full(len(layers), norm))

    trainer.steps.train = train
    trainer.train(0, 15)
    names = [name_metric("gradient_norm", layer) for layer in layers]
    assert trainer.gradient_norms == dict.fromkeys(names, 2.0)
    trainer.train(15, 16)
    assert trainer.gradient_norms == dict.fromkeys(names, 5.0)


def test_a_fit_that_is_looked_into_has_the_same_weights(toys: Prepared, toy_config: Config) -> None:
    config = overlay(toy_config, {"train.updates": 12, "train.validate_every": 4})
    weights, rows = {}, choose_rows(toys, None, config.seed)
    for look_inside in (False, True):
        state = start_state(config, toys, rows)
        model = fit_best(config, toys, rows, state, look_inside=look_inside, progress=False)
        weights[look_inside] = model.get_weights()
        names = set(state.history.validations[-1])
        for statistic in ("gradient_norm", "saturated_gates"):
            assert (name_metric(statistic, "lstm_0") in names) is look_inside
        assert not any(name.startswith("within/") for name in state.history.best_metrics)
    for before, after in zip(weights[False], weights[True], strict=True):
        np.testing.assert_array_equal(before, after)


def test_each_statistic_has_a_plot_with_a_line_for_each_layer(tmp_path: Path) -> None:
    layers = [f"lstm_{number}" for number in range(7)]
    history = [
        {"update": update, **{name_metric("gradient_norm", layer): 0.1 for layer in layers},
         name_metric("dead_units", "lstm_0"): 0.5}
        for update in (10.0, 20.0)
    ]  # fmt: skip
    norms, dead = draw_layers(history)
    assert [line["name"] for line in norms["data"]] == layers
    assert len({str(line["line"]) for line in norms["data"]}) == len(layers)  # all look different
    assert norms["layout"]["yaxis"]["type"] == "log"
    assert [line["y"] for line in dead["data"]] == [[0.5, 0.5]]
    assert draw_layers([{"update": 10.0, "loss": 1.0}]) == []  # of a model of an earlier version
    for rows in (history, history[:1], [{"update": 10.0, "loss": 1.0}]):
        plot_layers(rows, tmp_path / "layers.png")


def test_few_rows_are_looked_at_and_long_ones_in_part() -> None:
    lengths = [STEPS + 200, *[3] * 30]
    names = [str(number) for number in range(31)]
    split = make_split(names, names, np.zeros(31, np.int64), lengths)
    inputs = choose_inputs(BatchReader([split]), HEAD)
    assert inputs["values"].shape[:2] == (ROWS, STEPS)
    assert inputs["lengths"].tolist() == [STEPS, *[3] * (ROWS - 1)]
