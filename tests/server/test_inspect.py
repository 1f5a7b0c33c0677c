"""POST /inspect: what the network does inside while it reads one row of a client."""

import asyncio
import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from browser import chromium, grave_violations
from playwright.sync_api import Page, expect
from server_process import Server

from conveyor import files
from conveyor.inspection.page import describe_row, describe_trace
from conveyor.inspection.trace import trace_row
from conveyor.server.live_model import LiveModel
from conveyor.server.schemas import INSPECTION
from conveyor.serving import LoadedModel
from tests.server.in_process import InProcess, Request
from tests.server.test_page import open_page

ROW = [[1.0, 2.0], [3.0, 4.5]]


@pytest.fixture
def app(toy_product: Path, tmp_path: Path) -> Iterator[InProcess]:
    folder = tmp_path / "model"
    shutil.copytree(toy_product, folder)
    app = InProcess(LoadedModel.load(folder), tmp_path)
    digest = files.digest_tree(folder)
    app.app.slot.current = LiveModel("toys", "1", LoadedModel.load(folder), digest, folder)
    yield app
    app.close()


def inspect(app: InProcess, body: Any, **options: Any) -> tuple[int, Any]:
    response = app.send(Request("/inspect", json.dumps(body).encode(), **options))
    return response.status, response.value


def test_the_plots_are_those_of_the_command(app: InProcess) -> None:
    live = app.app.slot.require()
    assert live.folder is not None
    expected = describe_trace(trace_row(live.folder, live.model, ROW))
    for body in (
        {"inputs": [ROW]},
        {"instances": [{"series": ROW}]},
        {"inputs": {"series": [ROW]}},
    ):
        status, answer = inspect(app, body)
        assert status == 200
        assert answer == json.loads(json.dumps({"model_version": "1", **expected}))
        jsonschema.validate(answer, INSPECTION)


@pytest.mark.parametrize(
    ("body", "options", "status", "message"),
    [
        ({"inputs": [ROW, ROW]}, {}, 400, "request body: expected one row; got 2"),
        ({"inputs": []}, {}, 400, "request body: expected one row; got 0"),
        ({"inputs": [[[1.0]]]}, {}, 400, "row 0: expected a list of steps of 2 numbers each"),
        ({"rows": [ROW]}, {}, 400, "request body: expected an object with exactly one of"),
        ([], {}, 400, "request body: expected an object with exactly one of"),
        ("x" * 200_000, {}, 413, "request body: expected at most 100000 bytes"),
        ({}, {"headers": (("content-type", "text/plain"),)}, 415, "content type: expected"),
        ({}, {"method": "GET"}, 405, "method GET is not allowed for /inspect"),
    ],
)
def test_what_cannot_be_inspected_is_refused(
    app: InProcess, body: Any, options: Any, status: int, message: str
) -> None:
    answered, answer = inspect(app, body, **options)
    assert (answered, answer["error_code"]) == (status, "BAD_REQUEST")
    assert answer["message"].startswith(message)


def test_a_long_row_is_cut_and_the_response_says_so(app: InProcess) -> None:
    row = np.zeros((4100, 2)).tolist()
    status, answer = inspect(app, {"inputs": [row]})
    assert status == 200
    assert "4,000 steps from left to right" in answer["notes"][0]
    assert any("its beginning only" in note for note in answer["notes"])


def test_a_long_row_that_comes_as_text_is_cut_between_steps(app: InProcess) -> None:
    row = json.dumps(np.zeros((4100, 2)).tolist())
    status, answer = inspect(app, {"inputs": {"series": [row]}})
    assert (status, answer.get("message")) == (200, None)
    assert "4,000 steps from left to right" in answer["notes"][0]


@pytest.mark.parametrize("row", [[1.0, 2.0], [None, 2.0], [[1.0], [2.0]], "[1.0, 2.0]"])
def test_a_row_of_one_channel_is_written_in_each_form(row: Any) -> None:
    assert describe_row(row).replace("[", "").replace("]", "").endswith("2.0")


def test_one_row_is_inspected_at_a_time(app: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.Lock, "locked", lambda lock: True)
    status, answer = inspect(app, {"inputs": [ROW]})
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert answer["message"].startswith("another row is being inspected")


def test_files_that_have_changed_are_not_inspected(app: InProcess) -> None:
    """The answer would be of one network, and the gates of another."""
    folder = app.app.slot.require().folder
    assert folder is not None
    (folder / "config.yaml").write_text("of another training")
    status, answer = inspect(app, {"inputs": [ROW]})
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert "the files of version 1 have changed" in answer["message"]


def test_plotly_comes_compressed_where_that_is_accepted(app: InProcess) -> None:
    plain, packed = (
        app.send(Request("/plotly.js", headers=headers, method="GET"))
        for headers in ((), (("accept-encoding", "gzip, br"),))
    )
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert b"plotly.js" in plain.content[:50]


def test_a_server_loads_onnx_only_when_it_is_asked_to_look_inside() -> None:
    code = "import conveyor.server.app, sys; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def look_inside(page: Page) -> None:
    page.get_by_role("button", name="Look inside").click()
    # The first time, the server loads ONNX, and the browser Plotly.
    expect(page.locator("#result h2")).to_contain_text("Inside version", timeout=60_000)
    images = page.locator("#result .plot .heatmaplayer image")
    expect(images).to_have_count(page.locator("#result .plot").count())


def test_the_page_draws_the_gates_of_a_typed_row_and_of_the_example(
    servers: dict[str, Server],
) -> None:
    schemes: tuple[Any, ...] = ("light", "dark")
    with chromium() as browser:
        for scheme in schemes:
            page = open_page(browser, servers["words"], color_scheme=scheme)
            page.get_by_label("Texts").fill("<img src=x> good evening")
            look_inside(page)
            assert "Row: <img src=x> good evening" in page.inner_text("#result")
            plots = page.locator("#result .plot")
            assert plots.count() in (3, 6, 12)
            assert "[img]" in page.locator("#result .xaxislayer-above").first.text_content()
            for box in (plot.bounding_box() for plot in plots.all()):  # none lies over another
                assert box is not None
                assert box["height"] >= 300
            plots.first.scroll_into_view_if_needed()
            plots.first.hover(position={"x": 150, "y": 150})
            expect(page.locator("#result .hoverlayer").first).to_contain_text("unit")
            assert grave_violations(page) == []
            page.get_by_role("button", name="Insert the example").click()
            look_inside(page)
            page.get_by_label("Texts").fill("one\ntwo")
            page.get_by_role("button", name="Look inside").click()
            expect(page.get_by_role("alert")).to_contain_text("expected one row; got 2")
            page.close()
