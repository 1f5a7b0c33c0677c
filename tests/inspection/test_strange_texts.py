"""Texts from right to left, and tokens that cannot be seen, on the pages of a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium
from playwright.sync_api import Browser, Locator, Page

import conveyor
from conveyor.encoding.row_error import RowError
from conveyor.inspection.explanation_page import render_errors
from conveyor.inspection.page import describe_answer, render_page
from conveyor.inspection.points import Points
from conveyor.inspection.states_page import render_states
from conveyor.inspection.trace import trace_row
from conveyor.inspection.worst_errors import WrongAnswer
from conveyor.serving import LoadedModel

ARABIC = "هذا رائع iPhone 15"
DIGEST = "0123456789ab"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def open_page(browser: Browser, path: Path, html: str) -> Page:
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(path.as_uri())
    return page


def left_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["x"]


def direction_of(element: Locator) -> str:
    return str(element.evaluate("(element) => getComputedStyle(element).direction"))


def wrong_answer(text: str) -> WrongAnswer:
    return WrongAnswer("7", text, len(text.split()), np.array([1]), "x")


def test_an_arabic_text_is_read_from_right_to_left(
    browser: Browser, word_product: Path, tmp_path: Path
) -> None:
    """Also where Latin words stand in it, and beside it an English text from left to right."""
    model = LoadedModel.load(word_product)
    page = open_page(browser, tmp_path / "errors.html", render_errors(
        model, [wrong_answer(ARABIC), wrong_answer("good morning")], DIGEST))  # fmt: skip
    arabic, english = page.locator(".tokens").all()
    places = [left_of(token) for token in arabic.locator(".effect").all()]
    assert places[0] > places[1] > places[2]  # of the two Arabic words and iPhone
    places = [left_of(token) for token in english.locator(".effect").all()]
    assert places[0] < places[1]
    page = open_page(browser, tmp_path / "inspect.html",
                     render_page(trace_row(word_product, model, ARABIC), DIGEST))  # fmt: skip
    assert direction_of(page.locator("header code")) == "rtl"


def test_the_number_behind_an_arabic_label_stays_behind_it(
    browser: Browser, word_product: Path, tmp_path: Path
) -> None:
    model = LoadedModel.load(word_product)
    html = render_errors(model, [wrong_answer("good morning")], DIGEST)
    label = str(model.predict(["good morning"]).records()[0]["label"])
    page = open_page(browser, tmp_path / "errors.html", html.replace(label, "سعيد"))
    heading = page.locator("h2")
    assert "سعيد" in heading.inner_text()
    ends = heading.evaluate("""(heading) => {
        const [name, number] = [document.createRange(), document.createRange()];
        name.selectNodeContents(heading.firstElementChild);
        number.selectNodeContents(heading.lastChild);
        return [name.getBoundingClientRect().right, number.getBoundingClientRect().left];
    }""")
    assert ends[0] <= ends[1] + 1


def points_of(kind: str, texts: list[str], targets: list[str | float]) -> Points:
    vectors = np.random.default_rng(0).normal(size=(len(texts), 3))
    return Points(kind, "a state", vectors, texts, texts, targets, texts,
                  np.zeros(len(texts)), f"{kind}s", len(texts))  # fmt: skip


def test_a_target_has_one_colour_on_the_whole_page_of_states(
    browser: Browser, tmp_path: Path
) -> None:
    """Also where it is the commonest of the rows, and not of the tokens."""
    rows = points_of("row", [ARABIC] * 5, ["up", "up", "up", "down", "left"])
    tokens = points_of("token", list("abcd"), ["down", "down", "down", "up"])
    page = open_page(browser, tmp_path / "states.html",
                     render_states([rows, tokens], "test", "pca", DIGEST))  # fmt: skip
    page.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
    colors = [
        dict(page.locator(f"#{kind} .plot").first.evaluate(
            "(plot) => plot.data.map((trace) => [trace.name, trace.marker.color])"))
        for kind in ("rows", "tokens")
    ]  # fmt: skip
    assert {"up", "down"} <= colors[1].keys()
    assert "left" not in colors[1]
    assert len({colors[0][name] for name in ("up", "down", "left")}) == 3
    assert [colors[1][name] for name in ("up", "down")] == [
        colors[0][name] for name in ("up", "down")
    ]
    assert direction_of(page.locator("#rows td.preview").first) == "rtl"


def test_a_token_that_cannot_be_seen_is_named(word_product: Path) -> None:
    """The word tokenizer parts an emoji from the selector that makes it colourful."""
    html = render_errors(LoadedModel.load(word_product), [wrong_answer("good ❤\ufe0f x")], DIGEST)
    assert ">❤</span>" in html
    assert ">&#39;\\ufe0f&#39;</span>" in html


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_missing_text_is_called_none(word_product: Path, value: Any) -> None:
    """And not a value of a type that only programmers know."""
    model = conveyor.open(word_product)
    with pytest.raises(RowError, match=r"row 0: expected a text; got none$"):
        model.predict([value])


def test_no_label_is_written_as_none() -> None:
    answer = {"labels": [], "probabilities": {"<b>": 0.25}}
    assert describe_answer(answer) == {"labels": "none", "probabilities": "<b>: 0.25"}
