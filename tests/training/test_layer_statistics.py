"""The statistics of layers against the equations of the cells and against finite differences."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from conveyor.config import Config, Model, overlay
from conveyor.data.store import Prepared
from conveyor.inspection.equations import GATES, HIDDEN
from conveyor.inspection.recurrent_layers import read_layers
from conveyor.inspection.trace import run_to, trace_layer
from conveyor.metrics.layers import layers_by_statistic, name_metric
from conveyor.models.build import build
from conveyor.models.onnx_network import to_onnx
from conveyor.plots.training import plot_layers
from conveyor.report.figures import draw_layers
from conveyor.training.batches import Batch, BatchReader
from conveyor.training.layer_statistics import ROWS, STEPS, LayerStatistics, choose_batch
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
    return {"values": values, "lengths": LENGTHS}, np.array([0, 2, 1])


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
    statistics = LayerStatistics(model, HEAD, batch).measure()
    proto = to_onnx(model, config, HEAD)
    layers = read_layers(proto)
    sources = run_to(proto, layers, batch[0])  # (time, batch, inputs) of each
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
    by_statistic = layers_by_statistic(LayerStatistics(model, HEAD, make_batch()).measure())
    convolutions = [f"convolution_{number}" for number in range(3)]
    assert by_statistic == {
        "gradient_norm": [*convolutions, "lstm_0", "probabilities"],
        "weight_norm": [*convolutions, "lstm_0", "probabilities"],
        "saturated_gates": ["lstm_0"],
        "dead_units": [*convolutions, "lstm_0"],
    }


def test_norms_are_those_of_weights_and_of_finite_differences(toy_config: Config) -> None:
    model, _ = make_network(toy_config)
    inputs, targets = make_batch()
    statistics = LayerStatistics(model, HEAD, (inputs, targets)).measure()
    layer = model.get_layer("probabilities")
    flat = np.concatenate([w.ravel() for w in layer.get_weights()])
    assert statistics[name_metric("weight_norm", layer.name)] == pytest.approx(
        np.linalg.norm(flat), rel=1e-5
    )

    def loss(weight: Any, index: tuple[int, ...], change: float) -> float:
        values = np.asarray(weight).copy()
        weight.assign(values + change * (index == np.indices(values.shape).T).all(-1).T)
        losses = HEAD.training_losses(targets, model(inputs, training=False))
        weight.assign(values)
        return float(np.mean(losses))

    step, squares = 1e-2, 0.0
    for weight in layer.weights:
        for index in np.ndindex(*weight.shape):
            slope = (loss(weight, index, step) - loss(weight, index, -step)) / (2 * step)
            squares += slope**2
    expected = pytest.approx(np.sqrt(squares), rel=1e-2)
    assert statistics[name_metric("gradient_norm", layer.name)] == expected


def test_a_fit_that_is_looked_into_has_the_same_weights(toys: Prepared, toy_config: Config) -> None:
    config = overlay(toy_config, {"train.updates": 12, "train.validate_every": 4})
    weights, rows = {}, choose_rows(toys, None, config.seed)
    for look_inside in (False, True):
        state = start_state(config, toys, rows)
        model = fit_best(config, toys, rows, state, look_inside=look_inside, progress=False)
        weights[look_inside] = model.get_weights()
        names = set(state.history.validations[-1])
        assert (name_metric("saturated_gates", "lstm_0") in names) is look_inside
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
    inputs, targets = choose_batch(BatchReader([split]), HEAD)
    assert inputs["values"].shape[:2] == (ROWS, STEPS)
    assert inputs["lengths"].tolist() == [STEPS, *[3] * (ROWS - 1)]
    assert len(targets) == ROWS
