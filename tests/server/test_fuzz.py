"""No input of a client makes a 500 or a hang: thousands of malformed requests, found by hypothesis.

`make test` tries a few hundred, `make test-long` 10,000. The seed is fixed, so a run is repeatable.
"""

import itertools
import json
import math
import resource
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from starlette.routing import Match

from conveyor import files
from conveyor.server.live_model import LiveModel
from conveyor.serving import LoadedModel
from tests.server.in_process import InProcess, Request
from tests.server.malformed import EDGES, places, replace, requests
from tests.serving.test_named_columns import CASES, columns_of, load

FEW, MANY = 600, 10_000
FEW_OF_FILES = 150
LONGEST = 5.0  # seconds of a request
GROWTH = 60 << 20  # bytes that memory may grow while the requests run
STATUSES = {200, 307, 400, 404, 405, 409, 413, 415}  # 307: a slash at the end of a path
SESSION = "open"  # the name of the one session
STEPS = f"/sessions/{SESSION}"


def mlflow_bodies(layout: str) -> list[Any]:
    rows, general = CASES[layout]
    column = "text" if layout.startswith("text") else "series"
    return [
        {"dataframe_records": rows}, {"instances": rows}, {"inputs": columns_of(rows)},
        {"dataframe_split": {"columns": list(rows[0]), "data": [[*row.values()] for row in rows]}},
        {"inputs": general}, {"inputs": {column: general}}, {"instances": [{column: general[0]}]},
    ]  # fmt: skip


def v2_bodies(layout: str) -> list[Any]:
    if layout.startswith("text"):
        tensor = {"name": "text", "datatype": "BYTES", "shape": [2, 1], "data": ["good", "bad"]}
        encoded = {**tensor, "data": ["Z29vZA==", "YmFk"], "parameters": {"content_type": "base64"}}
        both = [{**tensor, "name": "subject"}, {**tensor, "name": "body"}]
        inputs = [[tensor], [encoded], both]
    else:
        width = 1 if layout == "wide" else 2
        tensor = {"name": "series", "datatype": "FP64", "shape": [2, 3, width],
                  "data": [0.5] * 6 * width}  # fmt: skip
        lengths = {"name": "lengths", "datatype": "INT32", "shape": [2], "data": [1, 3]}
        inputs = [[tensor], [tensor, lengths]]
    asked = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "probabilities"}]
    return [
        {"id": "7", "inputs": each, "outputs": asked, "parameters": {"binary_data_output": False}}
        for each in inputs
    ]


def bodies_of(layout: str) -> dict[str, list[Any]]:
    """Valid bodies by path, of both protocols."""
    return {"/invocations": mlflow_bodies(layout), "/v2/models/model/infer": v2_bodies(layout)}


def file_bodies(layout: str) -> dict[str, list[Any]]:
    """Valid bodies by path, of what needs the model's files: they are of one row each."""
    column, row = ("text", "good") if layout == "text" else ("series", [[0.5, 1.0], [2.0, -1.0]])
    inspected = [{"inputs": [row]}, {"inputs": {column: [row]}}, {"instances": [{column: row}]}]
    if layout == "text":
        return {"/inspect": inspected}
    steps = [{"steps": row}, {"steps": row[:1], "after": 0}]
    return {"/inspect": inspected, "/sessions": [{}, {"static": {}}, {"static": None}],
            STEPS: steps}  # fmt: skip


@pytest.fixture(params=list(CASES))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, InProcess]]:
    app = InProcess(load(request.param), tmp_path)
    yield request.param, app
    app.close()


@pytest.fixture(params=["text", "series"])
def served_folder(
    request: pytest.FixtureRequest, toy_product: Path, word_product: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, InProcess]]:  # fmt: skip
    """A real model of a folder, whose files the server reads too."""
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: SESSION)
    folder = word_product if request.param == "text" else toy_product
    app = InProcess(LoadedModel.load(folder), tmp_path)
    digest = files.digest_tree(folder)
    app.app.slot.current = LiveModel("model", "1", LoadedModel.load(folder), digest, folder)
    yield request.param, app
    app.close()


def send(app: InProcess, request: Request) -> int:
    """Send a request whose answer must be right, or say what is wrong; return its status."""
    if request.path == STEPS:  # to a new session, whatever was sent before
        app.app.sessions.open(app.app.slot.require(), {})
    start = time.monotonic()
    response = app.send(request)
    assert time.monotonic() - start < LONGEST
    assert response.status in STATUSES
    if request.method == "POST" and response.status != 307:
        content = response.value  # which is JSON
        message = content.get("error") or content.get("message", "")
        assert (len(message) > 10) is (response.status != 200)
        assert "Traceback" not in message
    return response.status


def fuzz(app: InProcess, bodies: dict[str, list[Any]], examples: int) -> Counter[int]:
    """Send so many malformed requests. Returns how often each status came.

    Args:
        bodies: valid ones by path.
    """
    statuses = Counter[int]()

    @seed(1)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(bodies))
    def check(request: Request) -> None:
        statuses[send(app, request)] += 1

    check()
    assert statuses[400] > examples / 4  # and not all of them at the first check
    assert statuses[200] > examples / 20
    return statuses


def memory() -> int:
    """Bytes of the process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def send_edges(app: InProcess, bodies: dict[str, list[Any]]) -> None:
    """Put a value at the edge of a type in each place of valid bodies."""
    for path, values in bodies.items():
        for valid in values:
            ways = [way for way in places(valid) if not any(key in way for key in range(1, 20))]
            for way, edge in itertools.product(ways, EDGES):
                content = json.dumps(replace(valid, way, edge)).encode()
                send(app, Request(path, content))


def test_a_value_at_the_edge_of_a_type_is_answered_or_refused_in_each_place(
    server: tuple[str, InProcess],
) -> None:
    layout, app = server
    send_edges(app, bodies_of(layout) | {"/invocations": [mlflow_bodies(layout)[2]]})


def test_a_value_at_the_edge_of_a_type_is_inspected_or_read_or_refused_in_each_place(
    served_folder: tuple[str, InProcess],
) -> None:
    layout, app = served_folder
    bodies = file_bodies(layout)
    send_edges(app, bodies | {"/inspect": bodies["/inspect"][1:2]})


@pytest.mark.parametrize("value", [1e15, -1e30, 3e38])
def test_numbers_far_beyond_those_of_the_training_rows_have_a_finite_answer(
    toy_product: Path, tmp_path: Path, value: float
) -> None:
    app = InProcess(LoadedModel.load(toy_product), tmp_path)
    for row in ([[value, -value]], [[value, 0.0], [-value, value], [1.0, value]]):
        content = json.dumps({"inputs": [row, [[1.0, 2.0]]]}).encode()
        assert send(app, Request("/invocations", content)) == 200
        content = json.dumps({"inputs": [row]}).encode()
        assert send(app, Request("/invocations", content)) == 200
    app.close()


def test_malformed_requests_are_refused_in_words(server: tuple[str, InProcess]) -> None:
    layout, app = server
    fuzz(app, bodies_of(layout), FEW // len(CASES))


def test_malformed_requests_that_need_the_files_of_a_model_are_refused_in_words(
    served_folder: tuple[str, InProcess],
) -> None:
    layout, app = served_folder
    fuzz(app, file_bodies(layout), FEW_OF_FILES)


def test_malformed_requests_go_to_each_handler_that_reads_a_body(tmp_path: Path) -> None:
    app = InProcess(load("nested"), tmp_path)
    routes = [route for route in app.routes if "POST" in (route.methods or ())]
    scopes = [{"type": "http", "method": "POST", "path": path}
              for path in {**bodies_of("nested"), **file_bodies("series")}]  # fmt: skip
    reached = [r.endpoint for s in scopes for r in routes if r.matches(s)[0] is Match.FULL]
    assert set(reached) == {route.endpoint for route in routes}
    app.close()


@pytest.mark.slow
def test_ten_thousand_malformed_requests_are_refused_in_words_and_leave_no_memory(
    server: tuple[str, InProcess], record_property: Callable[[str, object], None]
) -> None:
    layout, app = server
    bodies = bodies_of(layout)
    fuzz(app, bodies, 200)  # what is allocated once
    before = memory()
    statuses = fuzz(app, bodies, math.ceil(MANY / len(CASES)))
    assert memory() - before < GROWTH
    for status, number in statuses.items():  # which benchmarks/reliability.py reads
        record_property(f"status_{status}", number)
