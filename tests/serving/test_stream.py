"""Rows that come step by step, beside the same rows as a whole."""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from conveyor.config import Model
from conveyor.encoding import RowError
from conveyor.encoding.series import SeriesEncoder
from conveyor.encoding.static import StaticEncoder
from conveyor.models.build import build
from conveyor.models.onnx_network import to_onnx
from conveyor.models.quantise import quantise
from conveyor.raw_row import Row
from conveyor.serving import LoadedModel
from conveyor.serving.card import Card
from conveyor.serving.digests import write_digests
from conveyor.serving.loaded_model import make_session
from conveyor.serving.stream import StreamingModel
from conveyor.serving.stream_graph import StreamError
from conveyor.tasks.classification.options import ClassSpec
from tests.models.test_build import PLAIN
from tests.toys import class_head

CHANNELS, CLASSES = 3, 4
STATIC = StaticEncoder({"age": (40.0, 10.0)}, {"ward": ["north", "south"]})


def load(
    missing: str = "refuse", max_length: int | None = None, static: StaticEncoder | None = None,
    head: Any = None, **changes: Any,
) -> LoadedModel:  # fmt: skip
    """An exported network of random weights, as it is loaded."""
    config = Model(**{**PLAIN, "units": (6, 6), **changes})
    encoder = SeriesEncoder(np.full(CHANNELS, 0.5), np.full(CHANNELS, 2.0), max_length, missing)
    encoder.static = static
    keras.utils.set_random_seed(1)
    head = head or class_head(CLASSES)
    width = None if static is None else static.width
    model = build(config, head, features=encoder.size["features"], static_width=width)
    draw = np.random.default_rng(0)
    model.set_weights([w + 0.2 * draw.standard_normal(w.shape) for w in model.get_weights()])
    graph = to_onnx(model, config, head).SerializeToString()
    spec = ClassSpec(classes=[f"class {number}" for number in range(CLASSES)])
    card = Card(format=2, kind="series", target=spec)
    return LoadedModel(make_session(graph), encoder, card, graph=graph)


def series(steps: int, missing: float = 0.0) -> np.ndarray:
    draw = np.random.default_rng(5)
    values = draw.standard_normal((steps, CHANNELS)).cumsum(axis=0) / np.sqrt(steps)
    values[1:][draw.random((steps - 1, CHANNELS)) < missing] = np.nan
    return values


STACKS: list[dict[str, Any]] = [
    {"cell": "lstm", "pooling": "last", "residual": True, "layer_norm": True},
    {"cell": "lstm", "pooling": "mean", "missing": "forward"},
    {"cell": "gru", "pooling": "max", "missing": "mask", "layer_norm": True},
    {"cell": "gru", "pooling": "last", "static": STATIC},
    {"cell": "simple", "pooling": "mean", "residual": True, "max_length": 200_000},
    {"cell": "simple", "pooling": "max", "activation": "hard_sigmoid"},
]  # fmt: skip


@pytest.mark.parametrize("changes", STACKS, ids=lambda c: f"{c['cell']}-{c['pooling']}")
def test_a_stream_answers_as_the_steps_so_far_do(changes: dict[str, Any]) -> None:
    """One step after the other, then parts of any length."""
    model = load(**changes)
    values = series(60, missing=0.0 if "missing" not in changes else 0.3)
    static = {"age": 52.0, "ward": "south"} if "static" in changes else None
    stream = StreamingModel(model).start(static)
    parts = [*range(1, 31), 37, 38, 60]
    for start, end in zip([0, *parts], parts, strict=False):
        answer = stream.read(values[start:end].tolist()).outputs
        row: Any = values[:end] if static is None else Row(values[:end], static)
        np.testing.assert_allclose(answer, model.predict([row]).outputs, atol=1e-6)
        assert stream.steps == end


@pytest.mark.parametrize("changes", STACKS[:3], ids=lambda c: f"{c['cell']}-{c['pooling']}")
def test_a_stream_of_100_000_steps_answers_as_the_whole_row(changes: dict[str, Any]) -> None:
    model, values = load(**changes), series(100_000)
    stream = StreamingModel(model).start()
    draw, start = np.random.default_rng(1), 0
    while start < len(values):
        end = min(len(values), start + int(draw.integers(1, 700)))
        answer = stream.read(values[start:end]).outputs
        start = end
    np.testing.assert_allclose(answer, model.predict([values]).outputs, atol=1e-5)


@pytest.mark.slow
def test_a_stream_of_100_000_single_steps_answers_as_the_whole_row() -> None:
    model, values = load(pooling="mean"), series(100_000)
    stream = StreamingModel(model).start()
    for step in values:
        answer = stream.read(step[None]).outputs
    np.testing.assert_allclose(answer, model.predict([values]).outputs, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"bidirectional": True}, "model.bidirectional: expected false"),
     ({"front": "convolution"}, "model.front: expected none"),
     ({"wide": True}, "model.wide: expected false"),
     ({"wide": True, "pooling": "mean"}, "model.wide: expected false"),
     ({"pooling": "attention"}, "model.pooling: expected last, mean or max"),
     ({"pooling": "mean_max"}, "model.pooling: expected last, mean or max")],
)  # fmt: skip
def test_a_network_that_needs_all_steps_at_once_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(StreamError, match=message):
        StreamingModel(load(**changes))


@pytest.mark.parametrize(
    ("steps", "message"),
    [([], "got no step"), ([[1.0, 2.0]], "shape"), ([[1.0, 2.0, 1e39]], "infinity"),
     ([[1.0, None, 2.0]], "first step.* got none in channel 1"),
     (series(6).tolist(), "at most 5 steps .* of which 0 have been read; got 6 more")],
)  # fmt: skip
def test_steps_that_cannot_be_read_leave_the_row_as_it_was(steps: Any, message: str) -> None:
    model = load(missing="forward", max_length=5)
    stream = StreamingModel(model).start()
    with pytest.raises(RowError, match=message):
        stream.read(steps)
    values = series(5)
    for step in values.tolist():
        answer = stream.read([step]).outputs
        if stream.steps < 5:
            with pytest.raises(RowError):
                stream.read([[1.0]])
    np.testing.assert_allclose(answer, model.predict([values]).outputs, atol=1e-6)
    with pytest.raises(RowError, match="of which 5 have been read; got 1 more"):
        stream.read(values[:1])


def test_a_model_in_int8_is_refused(toy_product: Path, tmp_path: Path) -> None:
    """Its scales depend on the steps that are computed together."""
    folder = tmp_path / "model"
    shutil.copytree(toy_product, folder)
    quantise(folder)
    write_digests(folder)
    with pytest.raises(StreamError, match=r"serving.quantisation: expected none .* got int8"):
        _ = LoadedModel.load(folder).streaming
