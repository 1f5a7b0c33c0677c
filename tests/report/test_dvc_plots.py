"""The page of `dvc plots` draws without a network."""

import csv
import re
from configparser import ConfigParser
from pathlib import Path

import numpy as np
from browser import chromium
from dvc_render.html import render_html
from dvc_render.vega import VegaRenderer
from playwright.sync_api import expect

from conveyor.evaluation.results import EvaluationInput
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassReport, ClassSpec
from tests.toys import make_split

ROOT = Path(__file__).parents[2]
PAGE = ROOT / ".dvc" / "plots.html"
HOSTILE = "</script><script>window.hacked = true</script><img src=x><b>bold</b><!--<script>"
POINTS = [{"x": x, "y": x * x, "rev": "workspace"} for x in range(5)]


def test_dvc_takes_the_page_of_this_project() -> None:
    config = ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert config["plots"]["html_template"] == PAGE.name


def test_the_page_has_the_scripts_that_this_dvc_asks_for() -> None:
    for package, version in re.findall(r"npm/([\w-]+)@([\d.]+)", VegaRenderer.SCRIPTS):
        assert f"{package} {version}" in PAGE.read_text()


def test_the_page_draws_loads_nothing_and_runs_no_label(tmp_path: Path) -> None:
    squares = VegaRenderer(POINTS, "squares", x="x", y="y", template="linear", title="squares")
    confusion = VegaRenderer(confusion_of(HOSTILE, tmp_path), "confusion", x="predicted", y="label",
                             template="confusion", title="confusion")  # fmt: skip
    page = Path(render_html([squares, confusion], tmp_path / "index.html", PAGE))
    with chromium() as browser:
        tab = browser.new_page()
        requests: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.as_uri())
        expect(tab.locator("canvas, svg.marks")).to_have_count(2, timeout=30_000)
        assert requests == [page.as_uri()]
        assert tab.evaluate("window.hacked") is None
        assert tab.locator("img, b").count() == 0


def confusion_of(label: str, folder: Path) -> list[dict[str, str]]:
    """The points that evaluate writes for a classifier with this class."""
    classes, targets = [label, "no"], np.array([0, 1, 1])
    test = make_split(["a", "b", "c"], ["x", "y", "z"], targets, np.ones(3, int))
    task = Task(ClassSpec(classes=classes))
    data = EvaluationInput("text", task, test, test, test, np.eye(2)[[0, 1, 0]])
    task.report.draw(data.scored, ClassReport(task="classification", calibration_bins=5), folder)
    with (folder / "confusion.csv").open(newline="") as file:
        return [{**row, "rev": "workspace"} for row in csv.DictReader(file)]
