"""A real Chromium, and axe-core's check of what a page does for everybody who reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from debian import program
from playwright.sync_api import Browser, Page, sync_playwright

GRAVE = ("serious", "critical")  # axe-core's words


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. No other event loop can run in this thread until it is closed."""
    path = program("chromium", "usr/bin/chromium")
    with sync_playwright() as playwright:
        # As root, which tests in a container are, it has no sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def redraw(page: Page, **media: Any) -> None:
    """Change the colours or the medium of a page, and return when its plots are drawn anew, which
    the browser starts some time after the change."""
    page.evaluate(
        "() => { drawn = new Promise((done) => document.addEventListener('drawn', done)) }"
    )
    page.emulate_media(**media)
    page.evaluate("() => drawn.then(() => true)")


def grave_violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with the first element that it is about."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}"
            for each in violations if each["impact"] in GRAVE]  # fmt: skip
