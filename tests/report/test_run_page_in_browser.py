"""The page of a run in a real Chromium: it draws, loads nothing, and everybody can read it."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import chromium, grave_violations
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


def test_without_its_script_the_page_still_has_its_numbers(
    project: Paths, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.write(project, BeltRun()).as_uri())
    assert "Best: trial 2" in tab.inner_text("#sweep")
    context.close()
