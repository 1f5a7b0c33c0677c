"""Integrated gradients of whole networks: complete in all of them, and on the right tokens."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from conveyor.config import Model
from conveyor.inspection.integral import TOLERANCE, Integral, integrate
from conveyor.models.build import build
from conveyor.models.path_network import PathNetwork
from tests.models.test_build import PLAIN
from tests.toys import class_head

sys.path.append(str(Path(__file__).parents[1] / "tasks"))
from test_forecast_model import AHEAD, draw_inputs, make

STEPS, CHANNELS, TOKENS = 4, 3, 11  # so many equal steps have no deviation at all
TEXT, SERIES = {"vocabulary": TOKENS}, {"features": CHANNELS}
CHARACTERS = {"vocabulary": TOKENS, "characters": 4, "alphabet": 7}
# Changes of the configuration, and the sizes of the inputs.
STACKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lstm on words": ({}, TEXT),
    "gru in both directions, wide": (
        {"cell": "gru", "bidirectional": True, "wide": True, "pooling": "max"}, TEXT
    ),
    "words and characters": ({"wide": False, "pooling": "mean_max"}, CHARACTERS),
    "simple on a series": ({"cell": "simple", "layer_norm": True}, SERIES),
    "front and summaries": (
        {"front": "convolution", "wide": True, "pooling": "mean_max"}, {**SERIES, "length": 130}
    ),
    "attention, static columns": ({"pooling": "attention"}, {**SERIES, "static_width": 2}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _without_graphs() -> Iterator[None]:
    """A graph takes longer to trace than such short rows to compute."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def network(changes: dict[str, Any], sizes: dict[str, Any]) -> Any:
    config = Model(**{**PLAIN, "units": (5,), **changes})
    keras.utils.set_random_seed(3)
    model = build(config, class_head(3), **sizes)
    draw = np.random.default_rng(1)
    size = 0.3 if config.front == "none" else 0.03  # so that no probability is 1
    model.set_weights([w + size * abs(draw.standard_normal(w.shape)) for w in model.get_weights()])
    return model


def row_of(size: dict[str, Any]) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(2)
    if "characters" in size:
        values = np.stack([draw.integers(1, 6, (1, STEPS)) for _ in range(2 + 4)], axis=2)
        values[:, :, -1] = 0  # padding
    elif "vocabulary" in size:
        values = draw.integers(1, TOKENS, (1, STEPS))
    else:
        values = draw.standard_normal((1, STEPS, CHANNELS))
        values[:, :, 1] = 0.7  # a channel that does not change
    kind = np.float32 if "features" in size else np.int32
    inputs = {"values": values.astype(kind), "lengths": np.array([STEPS], np.int32)}
    if "static_width" in size:
        inputs["static"] = draw.standard_normal((1, size["static_width"])).astype(np.float32)
    return inputs


def explain(
    model: Any, inputs: dict[str, np.ndarray], blank: Any, weights: np.ndarray
) -> tuple[Integral, tuple[int, ...]]:
    path, shapes = PathNetwork(model), []

    def slopes(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, sequence, static = path.slopes(inputs, blank, weights, positions)
        shapes.append(sequence.shape[1:])
        return values, np.concatenate([sequence.reshape(len(values), -1), static], axis=1)

    return integrate(slopes), shapes[0]


def assert_complete(integral: Integral, model: Any, inputs: Any, weights: np.ndarray) -> None:
    end = float((np.asarray(model(inputs), np.float64) * weights).sum())
    assert integral.end == pytest.approx(end, abs=1e-5)
    assert integral.end != integral.start
    difference = end - integral.start
    assert abs(integral.parts.sum() - difference) < TOLERANCE * abs(difference) + 1e-6
    assert integral.is_complete


@pytest.mark.parametrize("name", STACKS)
def test_attributions_are_complete(name: str) -> None:
    changes, size = STACKS[name]
    model, inputs, weights = network(changes, size), row_of(size), np.array([0.0, 1.0, 0.0])
    blank = np.zeros((STEPS, CHANNELS))
    integral, shape = explain(model, inputs, blank, weights)
    assert_complete(integral, model, inputs, weights)
    assert shape == ((STEPS, CHANNELS) if "features" in size else (STEPS, 1))
    assert len(integral.parts) == np.prod(shape) + size.get("static_width", 0)
    assert np.count_nonzero(integral.parts) == len(integral.parts)


def test_attributions_of_a_difference_of_a_millionth_are_complete() -> None:
    """Of which float32 would have one digit."""
    model, inputs = network(*STACKS["simple on a series"]), row_of(SERIES)
    inputs["values"] *= 1e-6
    blank = np.zeros((STEPS, CHANNELS))
    integral, _ = explain(model, inputs, blank, np.array([0.0, 1.0, 0.0]))
    assert 0 < abs(integral.end - integral.start) < 1e-5
    assert integral.is_complete


def test_attributions_of_a_forecast_are_complete_and_leave_out_what_is_missing() -> None:
    head, model, _ = make(AHEAD)
    inputs = {name: value[:1] for name, value in draw_inputs(head.window).items()}
    blank = np.zeros_like(inputs["values"][0])
    flags = inputs["values"][0, :, head.window.flags :]
    blank[:, head.window.flags :] = flags
    weights = np.zeros(head.width)
    weights[2::4] = 1 / head.window.horizon  # the medians
    integral, shape = explain(model, inputs, blank, weights)
    assert_complete(integral, model, inputs, weights)
    columns = integral.parts.reshape(shape)[:, : head.window.columns]
    assert np.count_nonzero(columns[flags == 1]) == 0
    assert np.count_nonzero(columns[: head.window.context][flags[: head.window.context] == 0])


def with_only(model: Any, layer: str) -> Any:
    """Nothing but one embedding, which grows with its number, reaches the head."""
    for each in model.layers:
        if isinstance(each, keras.layers.Embedding) and each.name != layer:
            each.set_weights([np.zeros_like(w) for w in each.get_weights()])
    return model


def test_the_attribution_of_a_pair_of_words_is_halved_between_them() -> None:
    model = with_only(network({"wide": True}, TEXT), "wide_pairs")
    table = model.get_layer("wide_pairs")
    [vectors] = table.get_weights()
    row = {"values": np.array([[4, 5, 6]], np.int32), "lengths": np.array([3], np.int32)}
    pairs = (np.array([4, 5]) * 7919 + np.array([5, 6])) % len(vectors)
    vectors[:] = 0
    vectors[pairs[1]] = 1.0  # of 5 and 6
    table.set_weights([vectors])
    integral, _ = explain(model, row, None, np.array([1.0, 0.0, 0.0]))
    first, second, third = integral.parts
    assert first == 0
    assert second == third != 0


def test_the_attribution_of_characters_is_that_of_their_token() -> None:
    model, row = with_only(network({}, CHARACTERS), "characters"), row_of(CHARACTERS)
    [vectors] = model.get_layer("characters").get_weights()
    vectors[:] = 0
    vectors[6] = 1.0  # in one token only
    model.get_layer("characters").set_weights([vectors])
    row["values"][0, 2, 3] = 6
    integral, _ = explain(model, row, None, np.array([1.0, 0.0, 0.0]))
    assert np.flatnonzero(integral.parts).tolist() == [2]


def test_points_of_long_rows_are_computed_together_as_far_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The steps of a recurrent layer follow one another, and take as long for few points as for
    many: 20,000 steps together let a row of 5,000 steps wait for each 4 points."""
    model, row = network({"units": (64,), "bidirectional": True}, TEXT), row_of(TEXT)
    narrow, weights = PathNetwork(model), np.array([1.0, 0.0, 0.0])
    wide = PathNetwork(network({"units": (512,), "bidirectional": True}, TEXT))
    sizes: list[int] = []
    compute = PathNetwork._slopes_of_batch

    def count(self: PathNetwork, *arguments: Any) -> Any:
        sizes.append(len(arguments[-1]))
        return compute(self, *arguments)

    monkeypatch.setattr(PathNetwork, "_slopes_of_batch", count)
    assert narrow.max_steps > 15 * 5_000
    assert narrow.max_steps > 6 * wide.max_steps
    positions = np.linspace(0, 1, 7)
    together = narrow.slopes(row, None, weights, positions)
    narrow.max_steps = 2 * STEPS
    apart = narrow.slopes(row, None, weights, positions)
    assert sizes == [7, 2, 2, 2, 1]
    for first, second in zip(together, apart, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-15)
