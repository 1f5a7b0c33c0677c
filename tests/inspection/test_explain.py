"""Explanations of answers: of a model folder, of the worst errors, as a page and as JSON."""

import json
import shutil
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, grave_violations

from conveyor.data.store import Prepared
from conveyor.encoding import TextEncoder
from conveyor.encoding.raw_text import AttachedSigns
from conveyor.encoding.token_values import Normaliser
from conveyor.encoding.tokens import TokenEncoder
from conveyor.errors import InputError
from conveyor.inspection import bounds
from conveyor.inspection.attribution_plots import draw_series
from conveyor.inspection.explain import Explainer, explain_worst
from conveyor.inspection.explanation import Explanation
from conveyor.inspection.explanation_page import explanation_to_json, render_explanations
from conveyor.inspection.integral import TOLERANCE
from conveyor.inspection.occlusion import MAX_PARTS, without_features
from conveyor.inspection.row_parts import group_evenly
from conveyor.inspection.worst_errors import ExplainedError
from conveyor.serving import LoadedModel
from conveyor.stored import FormatError
from conveyor.tasks.values import ScoredRows
from pipeline import explain

HACKING = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
SCHEMES: tuple[Any, ...] = ("light", "dark")


pytestmark = pytest.mark.usefixtures("without_graphs")


@pytest.fixture(scope="module")
def of_words(word_product: Path) -> Explainer:
    return Explainer(word_product)


@pytest.fixture(scope="module")
def of_series(toy_product: Path) -> Explainer:
    return Explainer(toy_product)


def test_the_words_of_a_text_share_out_the_probability_of_the_answer(of_words: Explainer) -> None:
    explanation = of_words.explain("Good notaword evening")
    assert explanation.steps == ["Good", "notaword", "evening"]
    assert explanation.unknown.tolist() == [False, True, False]
    assert explanation.output == f"probability of {explanation.answer['label']!r}"
    assert explanation.end == pytest.approx(explanation.answer["probability"], abs=1e-5)
    total = explanation.attributions.sum()
    assert total == pytest.approx(explanation.end - explanation.start, rel=TOLERANCE)
    assert explanation.is_complete
    assert explanation.occlusion[1, 0] == 0  # an unknown token in place of an unknown token
    assert explanation.agreement is not None


def test_what_the_network_does_not_read_is_said(of_words: Explainer) -> None:
    longest = of_words.model.encoder.max_length
    assert longest is not None
    for words, unread in ((longest, 0), (longest + 3, 3)):
        explanation = of_words.explain("good " * words)
        assert explanation.unread == explanation_to_json(explanation)["unread"] == unread
        page = render_explanations([explanation], "0123")
        assert ("The row has 3 more tokens, which the network does not read" in page) == (
            unread == 3
        )


def test_occlusion_is_what_the_served_model_answers_without_a_part(of_series: Explainer) -> None:
    row = np.array(of_series.model.example)
    explanation = of_series.explain(row)
    changed = row.copy()
    changed[1, 0] = of_series.model.encoder.mean[0]
    position = list(explanation.answer["probabilities"]).index(explanation.answer["label"])
    before, after = of_series.model.predict([row, changed]).outputs[:, position]
    assert explanation.occlusion[1, 0] == pytest.approx(before - after, abs=1e-6)
    np.testing.assert_allclose(explanation.values, row)


def test_gradients_and_occlusion_agree_on_a_network_that_has_learned(of_series: Explainer) -> None:
    explanation = of_series.explain(of_series.model.example)
    assert explanation.agreement is not None
    assert explanation.agreement > 0.5


def test_a_class_may_be_chosen_and_a_wrong_one_is_refused(of_series: Explainer) -> None:
    up, down = (of_series.explain(of_series.model.example, output=name) for name in ("up", "down"))
    np.testing.assert_allclose(up.attributions, -down.attributions, atol=1e-9)
    with pytest.raises(InputError, match=r"output: expected one of 'down', 'up'; got 'left'"):
        of_series.explain(of_series.model.example, output="left")
    with pytest.raises(InputError, match=r"step: expected none"):
        of_series.explain(of_series.model.example, step=1)


@pytest.mark.parametrize("content", [None, b"no network"])
def test_a_missing_or_damaged_network_of_keras_is_named(
    toy_product: Path, tmp_path: Path, content: bytes | None
) -> None:
    """A folder of an earlier version has no digests, which would find it."""
    shutil.copytree(toy_product, tmp_path, dirs_exist_ok=True)
    (tmp_path / "digests.json").unlink(missing_ok=True)
    (tmp_path / "model.keras").unlink()
    if content is not None:
        (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(FormatError, match=r"model\.keras: expected a network of Keras; got"):
        Explainer(tmp_path)


def test_the_worst_errors_are_those_of_the_evaluation(
    toys: Prepared, of_series: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, test = of_series.model, toys.split("test")
    predict = model.predict

    def predict_worse(rows: Any, **options: Any) -> Any:
        """The toys are learned without an error."""
        predictions = predict(rows, **options)
        predictions.outputs[[2, 5]] = predictions.outputs[[2, 5], ::-1]
        return predictions

    monkeypatch.setattr(model, "predict", predict_worse)
    outputs = model.predict(test.rows).outputs
    scored = ScoredRows(test.ids, test.rows, test.targets, test.sequences.lengths, outputs)
    listed = model.task.report.details(scored, 9)["worst"]
    errors = explain_worst(of_series, toys, 9)
    assert [error.row_id for error in errors] == [row["id"] for row in listed]
    assert {test.ids[2], test.ids[5]} <= {error.row_id for error in errors}
    assert [error.truth for error in errors] == [row["label"] for row in listed]
    assert all(error.explanation.is_complete for error in errors)
    assert len(explain_worst(of_series, toys, 1)) == 1


def test_errors_on_other_data_are_refused(toys: Prepared, of_series: Explainer) -> None:
    model = of_series.model
    other = LoadedModel(model.session, model.encoder, model.card.model_copy(
        update={"data_digest": "f" * 32}))  # fmt: skip
    explainer = Explainer.__new__(Explainer)
    explainer.model = other
    with pytest.raises(InputError, match=r"expected the data on which the model was trained"):
        explain_worst(explainer, toys, 1)


def test_only_the_features_of_a_channel_are_left_out_in_all_steps_of_a_group() -> None:
    values, blank = np.ones((4, 3)), np.zeros((4, 3))
    both = without_features(values, blank, slice(1, 3), np.array([True, False, True]))
    assert both.tolist() == [[1, 1, 1], [0, 1, 0], [0, 1, 0], [1, 1, 1]]
    tokens = without_features(np.array([5, 6, 7]), np.array([1, 1, 1]), slice(1, 2))
    assert tokens.tolist() == [5, 1, 7]
    assert values.all()


@pytest.mark.parametrize("steps", [1, 7, MAX_PARTS, MAX_PARTS + 1, 100_000])
def test_long_rows_are_left_out_in_groups_and_no_step_is_forgotten(steps: int) -> None:
    groups = group_evenly(steps, MAX_PARTS)
    assert len(groups) <= MAX_PARTS
    assert [i for group in groups for i in range(group.start, group.stop)] == [*range(steps)]


@pytest.mark.parametrize(("steps", "groups"), [(10**9, 5), (50, 5), (40, 3), (1, 3)])
def test_a_long_row_is_left_out_in_fewer_groups(
    of_series: Explainer, monkeypatch: pytest.MonkeyPatch, steps: int, groups: int
) -> None:
    monkeypatch.setattr(bounds, "MAX_OCCLUDED_STEPS", steps)
    explanation = of_series.explain(np.arange(10.0).reshape(5, 2))
    assert len(explanation.groups) == groups


def test_a_text_is_shown_in_its_own_pieces() -> None:
    normaliser = Normaliser(lowercase=True, form="none", strip_accents=False)
    attached = AttachedSigns.count({"fly": 1})
    encoder = TokenEncoder({"fly": 2}, {"o": 2}, normaliser, characters=3, max_length=2,
                           attached=attached)  # fmt: skip
    assert encoder.split("Fly, Oslo") == ["Fly", ","]
    blank = encoder.blank_values(encoder.encode_one("Fly to"))
    assert blank.tolist() == [[1, 0, 0, 0, 0]] * 2


def test_pieces_of_bytes_have_their_characters(word_product: Path) -> None:
    encoder = LoadedModel.load(word_product).encoder
    assert isinstance(encoder, TextEncoder)
    assert encoder.split("Good  wörld!") == ["Good", "wörld", "!"]
    assert len(encoder.split("good " * 20)) == encoder.max_length


def test_long_series_are_drawn_in_their_groups(of_series: Explainer) -> None:
    explanation = of_series.explain(of_series.model.example)
    steps = len(explanation.steps)
    grouped = replace(explanation, groups=[slice(0, 2), slice(2, steps)],
                      occlusion=explanation.occlusion[:2])  # fmt: skip
    gradients, _ = draw_series(grouped)
    drawn = np.array(gradients["data"][0]["z"])  # (channels, groups)
    np.testing.assert_allclose(drawn.sum(), explanation.attributions.sum())
    together = replace(grouped, channel_groups=[slice(0, 2)],
                       occlusion=grouped.occlusion[:, :1])  # fmt: skip
    gradients, _ = draw_series(together)
    assert gradients["data"][0]["rows"] == ["channel 0 to channel 1"]
    np.testing.assert_allclose(gradients["data"][0]["z"][0], drawn.sum(axis=0))
    assert "value" not in str(gradients["data"][0]["customdata"])  # of channels of other units
    one = replace(together, channels=["load"], channel_groups=[slice(0, 1)],
                  values=np.full((steps, 1), np.nan),
                  attributions=explanation.attributions[:, :1])  # fmt: skip
    plots = draw_series(one)
    assert [plot["data"][0]["type"] for plot in plots] == ["scatter", "scatter"]
    json.dumps(plots, allow_nan=False)  # a browser does not read NaN


def test_everybody_can_read_the_page_and_it_loads_nothing(
    of_words: Explainer, of_series: Explainer, tmp_path: Path
) -> None:
    path = tmp_path / "explain.html"
    text, series = (
        of_words.explain(f"good {HACKING} evening"),
        of_series.explain(of_series.model.example),
    )
    incomplete = replace(text, is_complete=False, error=0.4, agreement=None)
    path.write_text(
        render_explanations([text, incomplete, ExplainedError("7", HACKING, series)], "0123")
    )
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 390, "height": 844})
        requests: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
        assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [
            path.as_uri()
        ]
        assert tab.evaluate("window.hacked") is None
        sections = tab.locator("section")
        assert "They are complete" in sections.nth(0).inner_text()
        assert "They are not complete" in sections.nth(1).inner_text()
        assert "cannot be compared" in sections.nth(1).inner_text()
        assert sections.nth(2).locator(".heatmaplayer image").count() == 2
        sections.nth(2).locator(".plot").first.hover(position={"x": 150, "y": 60})
        over = tab.locator(".hoverlayer").first.text_content(timeout=5000)
        assert str(over).startswith("channel 0, step ")
        token = sections.nth(0).locator(".tokens .effect").first
        assert str(token.get_attribute("title")).startswith("good: ")
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme=scheme)
            assert grave_violations(tab) == []


def typed(options: Sequence[str]) -> Any:
    parser = ArgumentParser()
    explain.add_options(parser)
    return parser.parse_args(options)


def test_the_command_writes_a_page_or_prints_the_numbers(
    toy_product: Path, of_series: Explainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    explain.explain(typed(["--model", str(toy_product), "--out", str(out), "--output", "up"]))
    assert capsys.readouterr().out == f"{out}\n"
    assert "Probability of &#39;up&#39;" in out.read_text()
    explain.explain(typed(["--model", str(toy_product), "--json"]))
    [printed] = json.loads(capsys.readouterr().out)
    explanation: Explanation = of_series.explain(of_series.model.example)
    np.testing.assert_allclose(printed["attributions"], explanation.attributions)
    assert printed["is_complete"]
    assert printed["occluded_steps"][-1][1] == len(printed["steps"])
