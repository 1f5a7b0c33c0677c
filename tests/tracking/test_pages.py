"""MLflow's pages in a real Chromium, with the clicks that a person needs, counted.

`SCREENSHOTS=docs python -m pytest tests/tracking/test_pages.py` takes the pictures of the docs.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect
from swept_project import make_project

from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.history import History
from conveyor.registry.model_version import RegisteredModel
from conveyor.tracking.store import open_existing

SECONDS = 60.0  # until a page shows what it should, on a busy machine
LARGEST_ROW = 150  # pixels of a version's row


class Person:
    """Somebody who opens a page, looks and clicks; a link may open a new tab."""

    def __init__(self, browser: BrowserContext, address: str) -> None:
        self.browser, self.clicks = browser, 0
        self.page = browser.new_page()
        self.page.goto(address)

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def open(self, link: str) -> None:
        """Click a link that opens a new tab."""
        with self.browser.expect_page() as tab:
            self.click(self.page.get_by_role("link", name=link, exact=True))
        self.page: Page = tab.value

    @property
    def names(self) -> Locator:
        """The names of the runs, from the top of the table."""
        return self.page.locator(".ag-pinned-left-cols-container .ag-row a")

    @property
    def boxes(self) -> Locator:
        """The boxes that choose runs, from the top of the table."""
        return self.page.locator(".ag-pinned-left-cols-container .ag-row .ag-checkbox-input")

    def column(self, name: str) -> list[str]:
        """The cells of a metric, a parameter or a tag, from the top of the table."""
        rows = self.page.locator(".ag-center-cols-container .ag-row")
        texts = [
            (int(row.get_attribute("row-index") or 0), row.locator(f"[col-id='{name}']"))
            for row in rows.all()
        ]
        return [cell.inner_text() for _, cell in sorted(texts, key=lambda text: text[0])]

    def take_picture(self, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            assistant = self.page.get_by_role("button", name="Close").first
            if assistant.is_visible():
                assistant.click()
            self.page.wait_for_timeout(1500)  # until nothing moves
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, toys: Prepared, toy_product: Path,
    toy_config: Config, empty_store: Path,
) -> tuple[Paths, dict[str, float]]:  # fmt: skip
    """A project after a sweep, a training and a promotion, and the champion's test metrics."""
    paths = Paths(tmp_path_factory.mktemp("pages"))
    shutil.copytree(toys.folder, paths.prepared)
    shutil.copytree(toy_product, paths.model)
    shutil.copy(empty_store, paths.root)
    return paths, make_project(paths, toy_config)


@pytest.fixture(scope="module")
def address(
    project: tuple[Paths, dict[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """What `make ui` prints, while it serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("ui") / "log"
    command = [sys.executable, "-m", "pipeline.ui", "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=project[0].root, stdout=output, stderr=output)
    try:
        end = time.monotonic() + 2 * SECONDS
        while "Application startup complete" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield log.read_text().splitlines()[0]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    expect.set_options(timeout=1000 * SECONDS)
    with chromium() as program:
        context = program.new_context(viewport={"width": 1600, "height": 950})
        context.set_default_timeout(1000 * SECONDS)
        yield context


def test_a_person_finds_the_best_trial_and_compares_three(
    address: str, browser: BrowserContext
) -> None:
    person = Person(browser, address)
    expect(person.page.get_by_role("columnheader", name="objective").first).to_be_visible()
    expect(person.page.get_by_role("columnheader", name="test_accuracy").first).to_be_visible()
    person.take_picture("runs")
    person.open("Trials, best first")
    expect(person.names).to_have_count(6)
    objectives = [float(text) for text in person.column("metrics.`objective`")]
    assert objectives == sorted(objectives)
    assert person.column("tags.`state`") == ["complete"] * 3 + ["pruned"] * 3
    expect(person.page.get_by_role("link", name="(pruned)")).to_have_count(3)
    assert person.clicks <= 2, "the best trial is the first row"
    person.take_picture("trials")
    for row in range(3):
        person.click(person.boxes.nth(row))
    person.click(person.page.get_by_role("button", name="Compare", exact=True))
    expect(person.page.get_by_text("Comparing 3 Runs from 1 Experiment")).to_be_visible()
    plot = person.page.locator(".js-plotly-plot")
    expect(plot.get_by_text("objective", exact=True)).to_be_visible()
    assert person.clicks <= 5
    person.take_picture("compare")


def test_two_models_are_compared_from_what_the_store_has(
    project: tuple[Paths, dict[str, float]], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "pipeline.compare"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], cwd=project[0].root, text=True,
                              capture_output=True, check=False)  # fmt: skip

    done = run("1", "champion", "--html", str(page))
    assert done.returncode == 0, done.stderr
    assert "version 1, the champion is not distinguishable from version 1: accuracy" in done.stdout
    assert "0 rows turned right" in page.read_text()
    unknown = run("1", "nothing")
    assert unknown.returncode == 2
    assert "nothing: expected a version, an alias such as champion, or the id of a run" in (
        unknown.stderr
    )


def test_a_person_finds_the_champion_s_test_metric_and_the_run_that_trained_it(
    address: str, browser: BrowserContext, project: tuple[Paths, dict[str, float]]
) -> None:
    history = History(RegisteredModel(open_existing(project[0]), "toys"))
    for number in range(2, 20):  # a tag each, which MLflow shows above the versions
        history.record(replace(history.changes()[0], number=number))
    person = Person(browser, address)
    person.open("Registered versions")
    row = person.page.get_by_role("row").filter(has_text="@ champion")
    accuracy = f"Promoted: accuracy {project[1]['accuracy']:.4g}"
    expect(row).to_contain_text(accuracy)
    expect(row).to_be_in_viewport()
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < LARGEST_ROW
    expect(person.page.get_by_text("The version with the alias")).to_be_visible()
    person.take_picture("versions")
    person.click(row.get_by_role("link", name="Version 1"))
    expect(person.page.get_by_text(accuracy)).to_be_visible()
    assert person.clicks <= 2
    person.click(person.page.get_by_role("link", name=re.compile("^train 20.*version 1 promoted$")))
    expect(person.page.get_by_text("Test: accuracy")).to_be_visible()
    expect(person.page.get_by_text("test_accuracy", exact=True).first).to_be_visible()
    person.take_picture("run")
