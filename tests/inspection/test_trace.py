"""A trace of a whole network against Keras's own layers, and the command."""

import json
import shutil
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from conveyor.config import Model
from conveyor.encoding import SeriesEncoder, WindowEncoder
from conveyor.encoding.token_values import Normaliser
from conveyor.encoding.tokens import TokenEncoder
from conveyor.errors import InputError
from conveyor.inspection import bounds, page
from conveyor.inspection.bounds import cut_row, limit_steps
from conveyor.inspection.chosen_row import choose_row
from conveyor.inspection.equations import HIDDEN, RUNS, CellWeights
from conveyor.inspection.heat_maps import MAX_VALUES, draw_layers, label_columns
from conveyor.inspection.page import describe_trace, render_example, render_page
from conveyor.inspection.recurrent_layers import RecurrentLayer, read_layers, read_stride
from conveyor.inspection.trace import (
    LayerTrace,
    Trace,
    name_steps,
    read_sources,
    trace_layer,
    trace_row,
)
from conveyor.inspection.unit_order import order_units
from conveyor.models.build import build
from conveyor.models.onnx_network import to_onnx
from conveyor.serving import LoadedModel
from conveyor.tasks.window import Window
from pipeline import inspect
from tests.models.test_build import PLAIN
from tests.toys import class_head

STACKS: dict[str, dict[str, Any]] = {
    "two layers": {},
    "both directions, added and normalised": {
        "bidirectional": True, "residual": True, "layer_norm": True, "units": (5, 5, 5)
    },
    "gru": {"cell": "gru", "bidirectional": True},
    "simple": {"cell": "simple"},
    "hard sigmoids": {"recurrent_activation": "hard_sigmoid", "activation": "hard_sigmoid",
                      "bidirectional": True},
    "relu": {"activation": "relu"},
    "front": {"front": "convolution", "pooling": "mean"},
    "last state": {"pooling": "last", "bidirectional": True},
}  # fmt: skip
LENGTH = 130  # of the front: strides 1, 2, 2
STEPS = 9


def network(changes: dict[str, Any]) -> tuple[keras.Model, Model, Any]:
    """A small network of random weights, and its graph."""
    config = Model(**{**PLAIN, "dropout": 0.0, "head_dropout": 0.0, "pooling": "mean_max",
                      **changes})  # fmt: skip
    keras.utils.set_random_seed(3)
    head = class_head(3)
    model = build(config, head, features=4, length=LENGTH)
    draw = np.random.default_rng(1)
    model.set_weights([w + 0.3 * abs(draw.standard_normal(w.shape)) for w in model.get_weights()])
    return model, config, to_onnx(model, config, head, length=LENGTH)


@pytest.mark.parametrize("name", STACKS)
def test_states_are_those_of_the_served_network(name: str) -> None:
    model, config, proto = network(STACKS[name])
    values = np.random.default_rng(2).normal(size=(1, STEPS, 4)).astype(np.float32)
    inputs = {"values": values, "lengths": np.array([STEPS], np.int32)}
    layers = read_layers(proto)
    assert len(layers) == len(config.units)
    assert read_stride(proto) == (4 if config.front == "convolution" else 1)
    for depth, (layer, x) in enumerate(
        zip(layers, read_sources(proto, layers, inputs), strict=True)
    ):
        label = f"{'bidirectional' if config.bidirectional else config.cell}_{depth}"
        wanted = np.asarray(keras.Model(model.input, model.get_layer(label).output)(inputs))[0]
        both = []
        for order, weights in zip((1, -1), layer.directions, strict=False):
            hidden = RUNS[layer.operator](x[::order, 0], weights)[HIDDEN]
            both.append(hidden[::order] if wanted.ndim == 2 else hidden[-1])
        found = np.concatenate(both, axis=-1)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_trace_of_a_text_names_its_words(word_product: Path) -> None:
    model = LoadedModel.load(word_product)
    text = next(word for word in model.encoder.tokens if word.isalpha())
    trace = trace_row(word_product, model, f"{text} {text} notaword")
    assert trace.steps == [text, text, "notaword"]
    assert trace.unknown == [False, False, True]
    [first_plot, *_] = draw_layers(trace)[0]
    assert first_plot["layout"]["xaxis"]["ticktext"] == [text, text, "[notaword]"]
    assert first_plot["layout"]["xaxis"]["title"]["text"] == "token"
    assert "A token in brackets is not in the vocabulary." in describe_trace(trace)["notes"]
    assert trace.answer == model.predict([f"{text} {text} notaword"]).records()[0]
    first = trace.layers[0]
    assert all(values.shape[0] == 3 for values in first.states.values())
    assert json.loads(json.dumps(trace.as_json()))["steps"] == trace.steps


def test_given_tokens_are_named_by_their_words() -> None:
    """They have case and characters beside their words."""
    normaliser = Normaliser(lowercase=True, form="none", strip_accents=False)
    encoder = TokenEncoder({"fly": 2, "oslo": 3}, {"o": 2}, normaliser, characters=3, max_length=9,
                           attached=None)  # fmt: skip
    [(_, inputs)] = encoder.batches(["Fly to Oslo"], 1)
    model: Any = SimpleNamespace(kind="text", encoder=encoder)
    assert name_steps(model, "Fly to Oslo", inputs["values"][0], 3, 1) == ["Fly", "to", "Oslo"]


def test_the_steps_of_a_forecast_count_from_its_first() -> None:
    """As an explanation numbers them; a front has strides."""
    window = Window(context=6, horizon=2, future=2, targets=1, past=0, ahead=1, calendar=0)
    plain = SeriesEncoder(np.zeros(2), np.ones(2), None, "mask")
    encoder, values = WindowEncoder(plain, window, []), np.zeros((8, 2))
    windows: Any = SimpleNamespace(kind="series", encoder=encoder)
    assert name_steps(windows, None, values, 6, 1) == ["-5", "-4", "-3", "-2", "-1", "0"]
    assert name_steps(windows, None, values, 2, 4) == ["-5…-2", "-1…0"]
    series: Any = SimpleNamespace(kind="series", encoder=plain)
    assert name_steps(series, None, values[:7], 2, 4) == ["1…4", "5…7"]


def test_a_step_of_several_words_is_unknown_if_one_of_them_is(
    word_product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a front with strides."""

    def read_every_second(*arguments: Any) -> Any:
        return [source[::2] for source in read_sources(*arguments)]

    monkeypatch.setattr("conveyor.inspection.trace.read_stride", lambda proto: 2)
    monkeypatch.setattr("conveyor.inspection.trace.read_sources", read_every_second)
    traced = trace_row(word_product, LoadedModel.load(word_product), "Good bad notaword good bad")
    assert traced.steps == ["Good…bad", "notaword…good", "bad"]
    assert traced.unknown == [False, True, False]
    assert len(describe_trace(traced)["layers"]) == len(traced.layers)


def test_what_the_network_does_not_read_is_counted(word_product: Path) -> None:
    model = LoadedModel.load(word_product)
    longest = model.encoder.max_length
    assert longest is not None
    for words, unread in ((longest, 0), (longest + 3, 3)):
        trace = trace_row(word_product, model, "good " * words)
        assert (len(trace.steps), trace.unread) == (longest, unread)
        assert trace.as_json()["unread"] == unread
        notes = " ".join(describe_trace(trace)["notes"])
        assert ("The row has 3 more tokens, which the network does not read" in notes) == (
            unread == 3
        )


def test_the_notes_speak_of_a_backward_direction_only_where_there_is_one() -> None:
    states: dict[str, Any] = {HIDDEN: np.zeros((1, 2))}
    layers = [LayerTrace(1, direction, "GRU", states) for direction in ("forward", "backward")]
    both, one = (Trace("a", {}, ["1"], layers[:count]) for count in (2, 1))
    texts = [" ".join(describe_trace(trace)["notes"]) for trace in (both, one)]
    assert ["backward" in text for text in texts] == [True, False]


def test_backward_states_stand_where_they_were_read() -> None:
    """A change of the first step reaches all forward states, and the last backward one alone."""
    _, _, proto = network({"bidirectional": True, "units": (5,)})
    [layer] = read_layers(proto)
    x = np.random.default_rng(2).normal(size=(STEPS, 4)).astype(np.float32)
    changed = np.concatenate([x[:1] + 1, x[1:]])
    for before, after in zip(trace_layer(1, layer, x), trace_layer(1, layer, changed), strict=True):
        differs = (before.states[HIDDEN] != after.states[HIDDEN]).any(axis=1)
        assert differs[0]
        assert differs[1:].any() == (before.direction == "forward")


def test_units_that_behave_alike_stand_side_by_side() -> None:
    draw = np.random.default_rng(0)
    curves = np.stack([np.sin(np.arange(20)), np.linspace(-1, 1, 20), np.ones(20)])
    kinds = draw.permutation(np.repeat(np.arange(3), 8))
    states = (curves[kinds] + draw.normal(scale=0.01, size=(24, 20))).T
    ordered = kinds[order_units(states)]
    assert (np.diff(ordered) != 0).sum() == 2
    assert order_units(states[:, :1]).tolist() == [0]


def test_names_under_a_plot_turn_before_they_meet() -> None:
    assert label_columns([str(step) for step in range(13)])["tickangle"] == "auto"
    assert label_columns(["tomorrow"] * 13)["tickangle"] == -60
    assert len(label_columns(["step"] * 400)["ticktext"]) <= 24


def test_the_page_of_a_large_network_stays_small_and_says_so() -> None:
    """Six plots of 2,000 units and 3,000 steps would be 36 million values."""
    names = ("forget gate", "input gate", "output gate", "candidate", "cell state", HIDDEN)
    states = dict.fromkeys(names, np.full((3000, 2000), 0.5, np.float32))
    layer = LayerTrace(1, "forward", "LSTM", states)
    trace = Trace("a row", {}, [str(step) for step in range(3000)], [layer])
    [plots] = draw_layers(trace)
    assert sum(np.size(plot["data"][0]["z"]) for plot in plots) <= MAX_VALUES
    notes = " ".join(describe_trace(trace)["notes"])
    assert "A column is the mean of 120 steps" in notes
    assert "at most 25 columns" in notes
    assert "longer" not in notes
    assert len(render_page(trace, "0123456789ab")) < 5e6


def test_an_overflow_leaves_a_cell_empty() -> None:
    trace = Trace("a", {}, ["1"], [LayerTrace(1, "forward", "RNN", {HIDDEN: np.array([[np.nan]])})])
    assert draw_layers(trace)[0][0]["data"][0]["z"] == [[None]]


def test_equal_traces_give_equal_pages(toy_product: Path) -> None:
    model = LoadedModel.load(toy_product)
    first, second = (render_example(toy_product, model, "0123456789ab") for _ in range(2))
    assert first == second
    assert first is not None
    assert "0123456789ab" in first


def test_a_long_row_is_cut_where_the_time_is_limited(
    toy_product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LoadedModel.load(toy_product)
    row = np.random.default_rng(0).normal(size=(50, model.encoder.channels))
    monkeypatch.setattr(bounds, "MAX_STEPS", 20)
    whole, cut = (trace_row(toy_product, model, row, is_bounded=each) for each in (False, True))
    assert (len(whole.steps), len(cut.steps)) == (50, 20)
    assert cut.answer == model.predict([row[:20]]).records()[0] != whole.answer
    assert [trace.is_cut for trace in (whole, cut)] == [False, True]
    assert "its beginning only" in " ".join(describe_trace(cut)["notes"])
    monkeypatch.setattr(bounds, "MAX_STEPS", 50)
    assert not trace_row(toy_product, model, row, is_bounded=True).is_cut


def test_the_steps_of_a_large_network_are_fewer() -> None:
    def layer(units: int) -> RecurrentLayer:
        kernel = np.zeros((4, units, units), np.float32)
        weights = CellWeights(kernel, kernel, kernel[0], kernel[0], ())
        return RecurrentLayer("LSTM", "x", [weights, weights])

    assert limit_steps([layer(8)]) == 4000
    assert limit_steps([layer(1024)]) == 10**9 // (4 * 4 * 1024**2)


def test_a_window_of_a_forecast_cannot_be_cut(
    toy_product: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The evaluation that wanted its page goes on without it."""
    window = Window(context=30, horizon=4, future=0, targets=1, past=0, ahead=0, calendar=0)
    encoder = WindowEncoder(SeriesEncoder(*np.array([[0.0], [1.0]]), None, "mask"), window, [])
    with pytest.raises(InputError, match=r"at most 20 steps.*got a window of 30"):
        cut_row(encoder, np.zeros((30, 1)), 20)
    model = LoadedModel.load(toy_product)
    monkeypatch.setattr(page, "trace_row", lambda *_, **__: cut_row(encoder, model.example, 20))
    assert render_example(toy_product, model, "0123456789ab") is None
    assert "there is no page of what the network does inside: the row" in caplog.text


def test_a_plot_escapes_the_words_of_the_data(word_product: Path) -> None:
    model = LoadedModel.load(word_product)
    trace = trace_row(word_product, model, model.example)
    steps = ["<img src=x onerror=alert(1)>"] * len(trace.steps)
    written = json.dumps(draw_layers(replace(trace, steps=steps)))
    assert "<img" not in written
    assert "&lt;img" in written


def typed(options: Sequence[str]) -> Any:
    parser = ArgumentParser()
    inspect.add_options(parser)
    return parser.parse_args(options)


def test_the_command_writes_a_page_or_prints_the_numbers(
    toy_product: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "model", tmp_path / "page.html"
    shutil.copytree(toy_product, folder)
    inspect.inspect(typed(["--model", str(folder), "--out", str(out)]))
    assert capsys.readouterr().out == f"{out}\n"
    page = out.read_text()
    assert "Forget gate: 1 keeps the cell, 0 empties it" in page
    inspect.inspect(typed(["--model", str(folder), "--json"]))
    printed = json.loads(capsys.readouterr().out)
    assert printed["layers"][0]["states"].keys() >= {"forget gate", "cell state"}


@pytest.mark.parametrize(
    ("product", "text", "lines", "number", "message"),
    [
        ("toy_product", "some words", None, 1, "--text: expected a model of texts; got one of"),
        ("toy_product", None, '{"series": [[1, 2]]}\n', 2, "--row: expected a row of"),
        ("toy_product", None, '{"series": [[1, 2]]}\n', 2, "rows.jsonl from 1 to 1; got 2. Name"),
        ("toy_product", None, '{"text": "a"}\n', 1, "got text. Name a file with the columns of"),
        ("toy_product", None, '{"series": [[1, 2, 3]]}\n', 1, "rows.jsonl, row 1: expected"),
        ("toy_product", None, "not JSON\n", 1, "rows.jsonl, row 1: "),
        ("word_product", " ", None, 1, "the text: expected a text; got ' ', which is blank"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, product: str, text: str | None,
    lines: str | None, number: int, message: str,
) -> None:  # fmt: skip
    model = LoadedModel.load(request.getfixturevalue(product))
    file = None
    if lines is not None:
        file = tmp_path / "rows.jsonl"
        file.write_text(lines)
    with pytest.raises(InputError) as raised:
        choose_row(model, text, file, number)
    assert message in str(raised.value)
