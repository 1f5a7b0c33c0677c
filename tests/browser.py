"""A real Chromium, and axe-core's check of what a page does for everybody who reads it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
GRAVE = ("serious", "critical")  # axe-core's words


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, or the one of `playwright install chromium`; without one the test is
    skipped. No other event loop can run in this thread until it is closed."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    with sync_playwright() as playwright:
        if program is None and not os.path.exists(playwright.chromium.executable_path):
            pytest.skip("needs Chromium: run `playwright install chromium`")
        # As root, which tests in a container are, it has no sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def grave_violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with the first element that it is about."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}"
            for each in violations if each["impact"] in GRAVE]  # fmt: skip
