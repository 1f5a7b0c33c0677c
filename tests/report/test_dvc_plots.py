"""The page of `dvc plots` draws without a network."""

import re
from configparser import ConfigParser
from pathlib import Path

from browser import chromium
from dvc_render.html import render_html
from dvc_render.vega import VegaRenderer

ROOT = Path(__file__).parents[2]
PAGE = ROOT / ".dvc" / "plots.html"
POINTS = [{"x": x, "y": x * x, "rev": "workspace"} for x in range(5)]


def test_dvc_takes_the_page_of_this_project() -> None:
    config = ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert config["plots"]["html_template"] == PAGE.name


def test_the_page_has_the_scripts_that_this_dvc_asks_for() -> None:
    for package, version in re.findall(r"npm/([\w-]+)@([\d.]+)", VegaRenderer.SCRIPTS):
        assert f"{package} {version}" in PAGE.read_text()


def test_the_page_draws_and_loads_nothing(tmp_path: Path) -> None:
    renderer = VegaRenderer(POINTS, "squares", x="x", y="y", template="linear", title="squares")
    page = Path(render_html([renderer], tmp_path / "index.html", PAGE))
    with chromium() as browser:
        tab = browser.new_page()
        requests: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.as_uri())
        tab.wait_for_selector("canvas, svg.marks", timeout=30_000)
        assert requests == [page.as_uri()]
