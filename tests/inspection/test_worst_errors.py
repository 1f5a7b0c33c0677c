"""The page of the worst errors that the stage evaluate writes: occlusion, in bounded time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, grave_violations

from conveyor.data.store import Prepared
from conveyor.inspection import bounds, page
from conveyor.inspection.attribution_plots import draw_series
from conveyor.inspection.bounds import FEWEST_PARTS, OcclusionBudget, limit_occluded_steps
from conveyor.inspection.explanation_page import render_errors
from conveyor.inspection.occlusion import MAX_PARTS, group_parts
from conveyor.inspection.worst_errors import WrongAnswer, list_errors, occlude_errors
from conveyor.raw_row import Row, sequence_of, to_text
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json

DIGEST = "0123456789ab"
HACKING = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


@pytest.fixture(scope="module")
def series(toy_product: Path) -> LoadedModel:
    return LoadedModel.load(toy_product)


@pytest.fixture
def errors(series: LoadedModel, toys: Prepared) -> list[WrongAnswer]:
    """Three test rows, as if they were answered wrongly."""
    test = toys.split("test")
    return list_errors(series, test, [{"id": test.ids[place]} for place in (4, 0, 2)])


def wrong_text(text: str, row_id: str = "7", truth: str = "yes") -> WrongAnswer:
    return WrongAnswer(row_id, text, len(text.split()), np.array([1]), truth)


def test_each_channel_of_each_step_is_left_out_of_the_rows_of_the_report(
    series: LoadedModel, toys: Prepared, errors: list[WrongAnswer]
) -> None:
    explained, test = occlude_errors(series, errors), toys.split("test")
    truths = series.task.answers.decode(np.asarray(test.targets))
    for place, each in zip((4, 0, 2), explained, strict=True):
        explanation, row = each.explanation, np.array(test.rows[place])
        assert (each.row_id, each.truth) == (test.ids[place], truths[place])
        assert explanation.occlusion.shape == row.shape
        changed = row.copy()
        changed[1, 0] = series.encoder.mean[0]
        position = list(explanation.answer["probabilities"]).index(explanation.answer["label"])
        before, after = series.predict([row, changed]).outputs[:, position]
        assert explanation.number == pytest.approx(before, abs=1e-6)
        assert explanation.occlusion[1, 0] == pytest.approx(before - after, abs=1e-6)


def test_steps_and_channels_are_left_out_together_where_the_time_is_short(
    series: LoadedModel, errors: list[WrongAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "FEWEST_PARTS", 1)
    monkeypatch.setattr(bounds, "MAX_OCCLUDED_STEPS", 3 * errors[0].steps)
    [each] = occlude_errors(series, errors[:1])
    row = np.array(errors[0].row)
    blank = np.broadcast_to(series.encoder.mean, row.shape)
    before, after = series.predict([row, blank]).outputs.max(axis=1), series.predict([blank])
    position = int(series.predict([row]).outputs[0].argmax())
    expected = before[0] - after.outputs[0, position]
    assert each.explanation.occlusion == pytest.approx(expected, abs=1e-6)
    [plot] = draw_series(each.explanation)
    assert plot["data"][0]["rows"] == ["channel 0 to channel 1"]
    text = render_errors(series, errors[:1], DIGEST)
    assert f"{len(row)} neighbouring steps of 2 neighbouring channels together" in text


LONG_NAME = "a channel whose name is much longer than the space beside a heat map, "


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["heat", "load <%>"], ["heat", "load &lt;%&gt;"]),
        (["pressure on the left side", "pressure on the right side"],
         ["pressure …left side", "pressure …ight side"]),
        ([f"{LONG_NAME}a) of 2", f"{LONG_NAME}b) of 2"],
         ["a channel…, a) of 2", "a channel…, b) of 2"]),
        ([f"the sensor {place} in the great hall" for place in "ab"],
         ["0: the senso…reat hall", "1: the senso…reat hall"]),
    ],
)  # fmt: skip
def test_channels_of_long_names_have_rows_of_their_own(
    series: LoadedModel, errors: list[WrongAnswer], names: list[str], labels: list[str]
) -> None:
    [each] = occlude_errors(series, errors[:1])
    [plot] = draw_series(replace(each.explanation, channels=names))
    assert len(plot["data"][0]["z"]) == len(set(plot["data"][0]["rows"])) == 2
    assert plot["layout"]["yaxis"]["ticktext"] == labels


@pytest.mark.parametrize(
    ("steps", "channels", "limit", "groups", "wide"),
    [
        (25, 12, 1000, 25, 12),  # each alone
        (5000, 8, 48, 6, 8),  # steps together
        (5000, 2000, 48, 4, 12),  # channels too, so that there are some groups of steps
        (1, 2000, 1000, 1, 1000),
        (5000, 8, 1, 1, 1),
    ],
)  # fmt: skip
def test_channels_share_a_group_where_there_would_be_too_few_of_steps(
    steps: int, channels: int, limit: int, groups: int, wide: int
) -> None:
    both = group_parts(steps, channels, limit)
    assert tuple(map(len, both)) == (groups, wide)
    for count, slices in zip((steps, channels), both, strict=True):
        assert [i for group in slices for i in range(group.start, group.stop)] == [*range(count)]


ROWS: dict[str, tuple[int, list[tuple[int, int]], list[int]]] = {
    "short rows are explained step by step": (10**6, [(25, 12)] * 20, [300] * 20),
    "long rows leave none for the last": (520_000, [(5000, 8)] * 4, [48, 48, 0, 0]),
    "a long row takes what it needs": (300_000, [(5000, 1), (20, 1), (9, 1)], [48, 20, 9]),
    "a row that is too long leaves its share": (10**6, [(300_000, 1), (30, 1)], [0, 30]),
    "a single row has no more parts than others": (10**9, [(5000, 1)], [MAX_PARTS]),
    "nothing is listed": (10**6, [], []),
}


@pytest.mark.parametrize("case", ROWS)
def test_the_worst_rows_share_the_time(case: str) -> None:
    steps, rows, expected = ROWS[case]
    budget = OcclusionBudget(steps, len(rows))
    limits = [budget.take(length, length * channels, 0) for length, channels in rows]
    assert limits == expected
    answered = sum(length * limit for (length, _), limit in zip(rows, limits, strict=True))
    assert answered <= steps
    assert budget.steps >= 0


def test_static_columns_cost_answers_too() -> None:
    assert OcclusionBudget(1000, 1).take(10, 200, 0) == 98
    assert OcclusionBudget(1000, 1).take(10, 200, 50) == 48
    assert OcclusionBudget(1000, 1).take(10, 200, 98 - FEWEST_PARTS + 1) == 0


def test_a_large_network_answers_fewer_steps(series: LoadedModel) -> None:
    def limit(flops: int | None) -> int:
        return limit_occluded_steps(
            series.card.model_copy(update={"flops": flops, "flops_at_length": 10})
        )

    assert limit(None) == limit(10) == bounds.MAX_OCCLUDED_STEPS
    assert limit(10 * bounds.MAX_OCCLUDED_FLOPS // 5000) == 5000


def test_the_page_says_what_it_leaves_out_and_how_to_get_gradients(
    series: LoadedModel, errors: list[WrongAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = render_errors(series, errors, DIGEST)
    assert text == render_errors(series, errors, DIGEST)
    assert text.count("<h2>") == 3
    assert "python -m pipeline.explain --worst 3" in text
    assert "worst errors are explained here" not in text
    monkeypatch.setattr(bounds, "MAX_OCCLUDED_STEPS", errors[0].steps * (2 + FEWEST_PARTS))
    text = render_errors(series, errors, DIGEST)
    assert "1 of the 3 worst errors are explained here" in text
    assert text.count("<h2>") == 1
    monkeypatch.setattr(bounds, "MAX_OCCLUDED_STEPS", 1)
    text = render_errors(series, errors, DIGEST)
    assert "0 of the 3 worst errors" in text
    assert "makes no error" not in text


def test_the_page_of_a_model_without_errors_says_so(series: LoadedModel) -> None:
    text = render_errors(series, [], DIGEST)
    assert "The model makes no error on the test rows." in text
    assert "--worst" not in text


LONG: dict[str, tuple[Any, int]] = {  # rows, and how many steps or characters of them are read
    "a text": ("good " * 1000, 301),
    "tokens": (["good"] * 1000, 301),
    "a series of many steps": (np.ones((5000, 8)), 38),
    "a series of many channels": (np.ones((1000, 500)), 1),
    "beside static columns": (Row(np.ones((5000, 1)), {"age": 3.0}), 301),
}


@pytest.mark.parametrize("case", LONG)
def test_of_a_long_row_only_the_beginning_is_read(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, most = LONG[case]
    whole = to_json(sequence_of(row))
    text = to_text(whole) or json.dumps(whole)
    end = " (age 3)" if isinstance(row, Row) else ""
    lengths = []
    monkeypatch.setattr(
        page, "to_json", lambda row: lengths.append(len(sequence_of(row))) or to_json(row)
    )
    assert page.describe_row(row) == f"{text[:300]} …{end}"
    assert lengths == [most]


def test_everybody_can_read_the_errors_of_texts(word_product: Path, tmp_path: Path) -> None:
    path, schemes = tmp_path / "errors.html", ("light", "dark")
    error = wrong_text(f'good " {HACKING} evening', HACKING, HACKING)
    path.write_text(render_errors(LoadedModel.load(word_product), [error], DIGEST))
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 390, "height": 844})
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
        assert tab.evaluate("window.hacked") is None
        assert tab.locator("section").inner_text().count(HACKING[:59]) == 2  # id, truth
        assert tab.locator("section img").count() == 0
        effects = "[...document.querySelectorAll('.tokens .effect')]"
        assert tab.evaluate(f"{effects}.every((e) => e.title.startsWith(e.textContent + ': '))")
        assert tab.locator(".tokens").count() == 1  # no gradients
        scheme: Any
        for scheme in schemes:
            tab.emulate_media(color_scheme=scheme)
            assert grave_violations(tab) == []


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (["東京", "سعيد", "<b>"], "東京 سعيد <b>"),
        (Row("good", {"age": 34.0, "ward": "x/y\n2"}), "good (age 34, ward x/y 2)"),
        (Row(["à", "b"], {"age": float("nan"), "ward": None}), "à b (age none, ward none)"),
    ],
)
def test_a_row_is_written_as_people_read_it(row: Any, text: str) -> None:
    assert page.describe_row(row) == text
