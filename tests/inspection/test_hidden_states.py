"""Hidden states of many rows and embeddings of tokens: what they are, who is near, and the page."""

import json
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from browser import chromium, grave_violations, redraw
from playwright.sync_api import Browser, expect

from conveyor.data.store import Prepared, Split
from conveyor.encoding import SeriesEncoder
from conveyor.errors import InputError
from conveyor.inspection.equations import HIDDEN
from conveyor.inspection.points import Points, read_points
from conveyor.inspection.previews import CHANNELS, STEPS, first_number, preview_row, preview_step
from conveyor.inspection.projection import (
    MAX_STEPS,
    draw_rows,
    draw_sample,
    find_neighbours,
    project_by_pca,
    project_by_umap,
)
from conveyor.inspection.recurrent_layers import read_layers, read_network
from conveyor.inspection.states import read_states
from conveyor.inspection.states_page import render_states
from conveyor.inspection.trace import read_sources, trace_layer, trace_row
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests
from pipeline import states
from tests.inspection.test_trace import network

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
DIGEST = "0123456789abcdef"


@pytest.mark.parametrize("product", ["toy_product", "word_product"])
def test_the_states_are_those_of_the_equations(
    request: pytest.FixtureRequest, product: str
) -> None:
    folder: Path = request.getfixturevalue(product)
    model = LoadedModel.load(folder)
    rows: list[Any] = ["good evening", "morning", "bad good morning"]
    if model.kind == "series":
        draw = np.random.default_rng(0)
        rows = [draw.normal(size=(steps, model.encoder.channels)) for steps in (7, 3, 12)]
    network = read_network(folder)
    found, meaning = read_states(network, model.encoder, rows, per_step=False)
    for row, state in zip(rows, found, strict=True):
        layers = trace_row(folder, model, row).layers
        top = [layer for layer in layers if layer.number == layers[-1].number]
        ends = {"forward": -1, "backward": 0}
        wanted = [
            layer.states[HIDDEN].mean(axis=0)
            if "mean" in meaning
            else layer.states[HIDDEN][ends[layer.direction]]
            for layer in top
        ]
        np.testing.assert_allclose(state, np.concatenate(wanted), rtol=1e-4, atol=1e-5)


def test_the_state_is_the_mean_where_the_network_reads_all_steps() -> None:
    """Of rows of different lengths in one batch, behind a front with strides too."""
    encoder = SeriesEncoder(np.zeros(4), np.ones(4), None)
    rows = [np.random.default_rng(steps).normal(size=(steps, 4)) for steps in (30, 90)]
    for changes in ({"bidirectional": True}, {"front": "convolution"}):
        proto = network({"pooling": "mean", **changes})[2]
        found, meaning = read_states(proto, encoder, rows, per_step=False)
        assert "mean over the steps" in meaning
        layers = read_layers(proto)
        for row, state in zip(rows, found, strict=True):
            [(_, inputs)] = encoder.batches([row], 1)
            *_, top = read_sources(proto, layers, inputs)
            traces = trace_layer(1, layers[-1], top[:, 0])
            wanted = np.concatenate([trace.states[HIDDEN].mean(axis=0) for trace in traces])
            np.testing.assert_allclose(state, wanted, rtol=1e-4, atol=1e-5)


def test_the_nearest_are_others_also_where_points_are_equal() -> None:
    vectors = np.array([[0.0, 0], [0, 0], [0, 3], [4, 0]])
    places, distances = find_neighbours(vectors)
    assert places[3].tolist()[-1] == 2
    assert distances[3].tolist() == [4, 4, 5]
    assert [places[0][0], places[1][0]] == [1, 0]
    assert all(point not in near for point, near in enumerate(places))
    assert find_neighbours(vectors[:1])[0].shape == (1, 0)


def test_pca_holds_what_lies_in_a_plane_and_bears_less() -> None:
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(50, 2)) @ draw.normal(size=(2, 9))
    places, sentence, axes = project_by_pca(plane)
    distance = np.linalg.norm(plane[0] - plane[1])
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(distance)
    assert sentence == "PCA: the two axes hold 100% of the variance"
    shares = [int(axis.removesuffix("%)").rpartition("(")[2]) for axis in axes]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert shares[0] > shares[1]
    for few in (plane[:, :1], plane[:1], np.ones((4, 3))):
        assert np.isfinite(project_by_pca(few)[0]).all()
        assert project_by_pca(few)[0].shape == (len(few), 2)
        assert len(project_by_pca(few)[2]) == 2


def test_umap_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "umap"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match=r"--method umap: needs the package umap-learn.*-umap"):
        project_by_umap(np.zeros((30, 4)))
    with pytest.raises(InputError, match="expected more than 15 points; got 10"):
        project_by_umap(np.zeros((10, 4)))  # and UMAP is not loaded for it


def test_a_sample_is_bounded_and_drawn_alike() -> None:
    assert draw_sample(5, 9).tolist() == [0, 1, 2, 3, 4]
    first, second = draw_sample(1000, 10), draw_sample(1000, 10)
    assert len(set(first.tolist())) == 10
    assert (first == second).all()
    assert (np.diff(first) > 0).all()


@pytest.mark.parametrize(
    ("lengths", "per_step", "rows"),
    [
        ([20] * 200, True, 100),
        ([1000] * 200, True, 50),
        ([100_000] * 200, True, 1),
        ([20] * 99 + [100_000], True, 99),
        ([3000] * 200, False, 100),
    ],
)
def test_few_long_rows_are_read_where_each_step_is_a_point(
    lengths: list[int], per_step: bool, rows: int
) -> None:
    chosen = draw_rows(np.array(lengths), 100, per_step=per_step)
    assert len(chosen) == rows
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert per_step is False or rows == 1 or np.array(lengths)[chosen].sum() <= MAX_STEPS


def test_rows_and_targets_are_shown_short() -> None:
    assert preview_row("two\nlines " * 50) == ("two lines " * 50)[:199] + "…"
    series = np.arange(1000.0)[:, None] + np.arange(5)
    series[0] = np.nan
    shown = preview_row(series)
    assert len(shown) == CHANNELS
    assert len(shown[0]) <= STEPS
    assert json.loads(json.dumps(shown))[0][-1] == 1
    assert preview_step("a flight to Oslo", 3) == ("Oslo", "a flight to [Oslo]")
    assert preview_step(np.ones((4, 2)), 1) == ("step 2", "step 2 of 4: 1, 1")
    cases = {"cold": "cold", 2: 2.0, (): "none", ("a", "b"): "a, b", (1.5, 2): 1.5,
             ((3.0, 4.0), (5.0,)): 3.0}  # fmt: skip
    for target, wanted in cases.items():
        value = json.loads(json.dumps(target))
        assert first_number(value) == wanted


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_a_small_plot_is_the_same_in_any_unit_and_knows_no_missing_value(size: float) -> None:
    steps = [[2.0, np.nan, 0.1], [np.nan, np.nan, 0.1], [4.0, np.nan, np.nan], [3.0, np.nan, 0.1]]
    changing, missing, constant = preview_row(size * np.array(steps))
    assert changing == [0, None, 1, 0.5]
    assert missing == [None] * 4
    assert constant == [0, 0, None, 0]
    # The mean of seven equal numbers is not always that number.
    [line] = preview_row(size * np.full((7 * STEPS, 1), 0.1))
    assert line == [0] * STEPS


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_the_colours_of_numbers_reach_from_low_to_high_in_any_unit(size: float) -> None:
    numbers: list[str | float] = [size * place for place in range(20)]
    names = [str(place) for place in range(len(numbers))]
    vectors = np.random.default_rng(0).normal(size=(len(numbers), 3))
    errors = np.array(numbers, float)
    points = Points("row", "a state", vectors, names, names, numbers, names, errors, "rows", 20)
    marker = drawn_plot(render_states([points], "test", "pca", DIGEST))["data"][0]["marker"]
    assert marker["cmin"] == pytest.approx(0.38 * size)
    assert marker["cmax"] == pytest.approx(18.62 * size)


def test_rows_have_their_errors_and_the_sample_is_said(toy_product: Path, toys: Prepared) -> None:
    model, split = LoadedModel.load(toy_product), toys.split("test")
    [points] = read_points(toy_product, model, split, 15)
    assert len(points.names) == len(points.vectors) == 15
    chosen = draw_rows(split.sequences.lengths, 15, per_step=False).tolist()
    rows = [split.rows[row] for row in chosen]
    labels = [record["label"] for record in model.predict(rows).records()]
    true = [str(label) for label in model.task.answers.decode(split.targets[chosen])]
    assert points.targets == true
    wrong = [str(a) != b for a, b in zip(labels, true, strict=True)]
    assert points.errors.tolist() == [float(each) for each in wrong]
    assert "The error is 1 if the class is wrong; 0 is right." in points.notes
    assert "A small plot has its channels, each from" in points.notes[1]
    page = render_states([points], "test", "pca", DIGEST)
    assert page.count('"component 1 (') == page.count('"component 2 (') == 2  # titles of axes
    assert f"15 of {len(split.rows)} test rows, drawn with the seed 0" in page
    assert page == render_states([points], "test", "pca", DIGEST)


@pytest.mark.parametrize(("count", "name"), [(8, None), (9, "class 8"), (10, "others")])
def test_only_several_targets_without_a_colour_are_called_others(
    count: int, name: str | None
) -> None:
    targets: list[str | float] = [f"class {i}" for i in range(count) for _ in range(20 - i)]
    names = [str(place) for place in range(len(targets))]
    vectors = np.random.default_rng(0).normal(size=(len(targets), 3))
    points = Points("row", "a state", vectors, names, names, targets, names,
                    np.zeros(len(targets)), "rows", len(targets))  # fmt: skip
    page = render_states([points], "test", "pca", DIGEST)
    titles = [trace["name"] for trace in drawn_plot(page)["data"]]
    first = [] if name is None else [name]
    assert titles == [*first, *(f"class {i}" for i in range(8))]


def drawn_plot(page: str) -> dict[str, Any]:
    """The first plot of a page."""
    return json.loads(page.partition("</figcaption>")[2].partition('json">')[2].partition("<")[0])


TEXTS = ["good morning", "good evening", "bad evening", "good good"]


def read_words(folder: Path) -> list[Points]:
    model = LoadedModel.load(folder)
    labels = model.predict(TEXTS).outputs.argmax(axis=1)
    targets = np.array([labels[0], 1 - labels[1], 1 - labels[2], labels[3]])  # two are wrong
    ids = pa.chunked_array([[str(number) for number in range(len(TEXTS))]])
    split = Split(model.encoder.encode(TEXTS), targets, TEXTS, ids)
    return read_points(folder, model, split, 100)


def test_a_token_has_the_errors_of_the_rows_that_have_it(word_product: Path) -> None:
    rows, tokens = read_words(word_product)
    assert rows.errors.tolist() == [0, 1, 1, 0]
    shown = dict(zip(tokens.names, zip(tokens.previews, tokens.errors, strict=True), strict=True))
    assert shown["good"] == ("in 3 rows", pytest.approx(1 / 3))
    assert shown["evening"] == ("in 2 rows", 1)
    assert shown["morning"] == ("in 1 row", 0)
    assert tokens.names[0] == "good"
    assert tokens.targets[tokens.names.index("morning")] == rows.targets[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


PLACE_ON_SCREEN = """([x, y]) => {
    const plot = document.querySelector("#rows .plot"), box = plot.getBoundingClientRect();
    const { xaxis, yaxis } = plot._fullLayout;
    return [box.x + xaxis._offset + xaxis.l2p(x), box.y + yaxis._offset + yaxis.l2p(y)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_point_is_chosen_and_its_neighbours_are_shown(
    browser: Browser, word_product: Path, tmp_path: Path, scheme: Any
) -> None:
    rows, tokens = read_words(word_product)
    rows.names[1] = rows.previews[1] = HOSTILE
    rows.previews[2] = [[0.5, None, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    path = tmp_path / "states.html"
    path.write_text(render_states([rows, tokens], "test", "pca", DIGEST))
    page = browser.new_page(color_scheme=scheme)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: requests.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
    assert page.locator(".plot").count() == 4
    view = page.locator("#rows")
    chosen, nearest = view.locator("tr.best"), view.locator("tbody tr:not(.best)")
    expect(chosen).to_contain_text("good morning")
    assert nearest.count() == 3
    view.get_by_label("Choose a row").select_option(index=2)
    expect(view.locator("thead")).to_contain_text("series")
    expect(chosen.locator("svg path")).to_have_count(2)
    first = chosen.locator("svg path").first
    expect(first).to_have_attribute("d", "M3 13m-1 0h2M79 24L117 2")  # a point, a gap, and a line
    # A click on the third point of the plot: where its mark is.
    star = "() => document.querySelector('#rows .plot').data.at(-1)"
    place = page.evaluate(star)
    view.get_by_label("Choose a row").select_option(index=1)
    expect(chosen).to_contain_text(HOSTILE)
    assert page.evaluate(star)["x"] != place["x"]
    redraw(page, color_scheme="dark" if scheme == "light" else "light")
    expect(chosen).to_contain_text(HOSTILE)
    assert page.evaluate(star)["name"] == "chosen"
    redraw(page, color_scheme=scheme)
    mark = page.evaluate(PLACE_ON_SCREEN, [place["x"][0], place["y"][0]])
    page.mouse.move(*mark)
    expect(view.locator(".hoverlayer .hovertext")).to_be_visible()
    page.mouse.click(*mark)
    expect(chosen.locator("svg path")).to_have_count(2)
    assert page.evaluate("window.hacked") is None
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    assert grave_violations(page) == []
    page.close()


def typed(*options: str) -> Any:
    parser = ArgumentParser()
    states.add_options(parser)
    return parser.parse_args(options)


def test_the_command_writes_its_page_and_refuses_a_model_of_other_data(
    toy_product: Path, word_product: Path, toys: Prepared, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toys.folder, "data/prepared")
    states.draw_states(typed("--model", str(toy_product), "--split", "validation"))
    assert capsys.readouterr().out == "reports/states.html\n"
    assert "validation rows" in Path("reports/states.html").read_text()
    card = json.loads((tmp_path / word_product / "card.json").read_text())
    other = tmp_path / "other"
    shutil.copytree(word_product, other)
    (other / "card.json").write_text(json.dumps({**card, "data_digest": "another"}))
    write_digests(other)
    with pytest.raises(InputError, match="data/prepared: expected the data on which"):
        states.draw_states(typed("--model", str(other)))


@pytest.mark.slow
def test_umap_keeps_groups_apart_and_draws_alike() -> None:
    pytest.importorskip("umap.umap_")
    draw = np.random.default_rng(0)
    groups = np.repeat([0, 1], 30)
    vectors = draw.normal(size=(60, 12)) + 20 * groups[:, None]
    places, *_ = project_by_umap(vectors)
    again, *_ = project_by_umap(vectors)
    np.testing.assert_array_equal(places, again)
    near, _ = find_neighbours(places)
    assert (groups[near] == groups[:, None]).all()
