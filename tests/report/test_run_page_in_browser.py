"""The page of a run in a real Chromium: it draws, loads nothing, and everybody can read it."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import chromium, grave_violations, redraw
from playwright.sync_api import Browser

from conveyor.paths import Paths
from conveyor.report import page
from conveyor.report.belt import BeltRun

DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_read_the_page_and_it_loads_nothing(
    project: Paths, browser: Browser, scheme: Any, size: Any
) -> None:
    address = page.write(project, BeltRun()).as_uri()
    tab = browser.new_page(color_scheme=scheme, viewport=size)
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [address]
    plots = tab.locator(".plot")
    assert plots.count() >= 4
    assert tab.locator(".plot .main-svg").count() >= plots.count()
    assert tab.evaluate("window.hacked") is None
    assert grave_violations(tab) == []
    wider = """[...document.querySelectorAll("body *")].filter(
        (each) => each.getBoundingClientRect().right > window.innerWidth && !each.closest(".scroll")
    ).map((each) => each.outerHTML.slice(0, 200))"""
    assert tab.evaluate(wider) == []
    tab.close()


SHEET = 717  # pixels that an A4 sheet has room for
BOXES = "each => each.map(one => one.getBoundingClientRect()).map(({x, width}) => [x, width])"


def test_the_page_is_printed_with_all_that_is_closed_and_its_plots_fit(
    project: Paths, browser: Browser
) -> None:
    tab = browser.new_page(viewport=DESK)
    tab.goto(page.write(project, BeltRun()).as_uri())
    tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
    closed = tab.locator("details:not([open])").count()
    assert closed > 0
    tab.evaluate("addEventListener('beforeprint', () => { window.open = "
                 "document.querySelectorAll('details:not([open])').length; })")  # fmt: skip
    assert tab.pdf().startswith(b"%PDF")
    assert tab.evaluate("window.open") == 0
    assert tab.locator("details:not([open])").count() == closed
    redraw(tab, media="print")
    boxes = tab.locator(".plot .main-svg").evaluate_all(BOXES)
    assert len({left for left, _ in boxes}) == 1, "they stand below each other"
    assert max(width for _, width in boxes) < SHEET
    tab.close()


def test_without_its_script_the_page_still_has_its_numbers(
    project: Paths, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.write(project, BeltRun()).as_uri())
    assert "Best: trial 2" in tab.inner_text("#sweep")
    context.close()
