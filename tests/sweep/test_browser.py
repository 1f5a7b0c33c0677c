"""The pages of a sweep in a real browser: optuna-dashboard, and the study's own page offline."""

import html
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian import program
from labels import NASTY_LABELS
from sweeping import label_search, search, settings

from conveyor.sweep.study import SweepStudy

# Without these, Chromium looks for hosts of its maker's at every start.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--window-size=1400,1800"]  # fmt: skip


def rendered(url: str, folder: Path, seconds: int = 15) -> str:
    """The page's elements after its scripts have run."""
    browser = program("chromium", "usr/bin/chromium")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser, *FLAGS, profile, f"--virtual-time-budget={1000 * seconds}", "--dump-dom"]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    search(tmp_path, settings(trials=6), "bowl")
    return tmp_path


def test_the_page_draws_every_picture_without_a_network(swept: Path) -> None:
    dom = rendered((swept / "pages" / "study.html").as_uri(), swept)
    assert dom.count('class="plotly-graph-div') == 7
    assert len(re.findall(r'<svg class="main-svg"', dom)) >= 7
    assert "Empirical distribution" in dom
    assert "[4, 4]" in dom  # values as they are written, not their indices


def test_the_page_draws_any_text_as_it_is(tmp_path: Path) -> None:
    search(tmp_path, label_search(NASTY_LABELS), "instant")
    dom = rendered((tmp_path / "pages" / "study.html").as_uri(), tmp_path)
    texts = {html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", dom)}
    assert {label.replace("\n", " ") for label in NASTY_LABELS} <= texts


@pytest.fixture
def dashboard(swept: Path) -> Iterator[str]:
    with SweepStudy(swept / "scratch", settings(trials=6), "digest", "read") as study:
        url, name = study.url, study.optuna.study_name
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "optuna-dashboard", url, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/dashboard/"
    for _ in range(200):
        try:
            urllib.request.urlopen(address)
            break
        except OSError:
            time.sleep(0.1)
    yield f"{address} {name}"
    server.terminate()
    server.wait()


def test_the_dashboard_opens_the_study(dashboard: str, tmp_path: Path) -> None:
    address, _, name = dashboard.partition(" ")
    assert re.fullmatch(r"t \d{4}-\d\d-\d\d [0-9a-f]{16}", name)
    assert name in rendered(address, tmp_path)
    trials = rendered(f"{address}studies/0/trials", tmp_path)
    assert "Complete" in trials
    assert "train.learning_rate" in trials
