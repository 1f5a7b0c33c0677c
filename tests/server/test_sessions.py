"""Rows that come step by step over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from server_process import Server
from starlette.exceptions import HTTPException

from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.raw_row import Row
from conveyor.server.live_model import LiveModel
from conveyor.server.sessions import Sessions
from conveyor.serving import LoadedModel
from tests.server.in_process import InProcess, Request, Response
from tests.serving.test_stream import STATIC, load


@pytest.fixture
def app(toy_product: Path, tmp_path: Path) -> Iterator[InProcess]:
    started = InProcess(LoadedModel.load(toy_product), tmp_path)
    yield started
    started.close()


def post(app: InProcess, path: str, body: Any = None) -> Response:
    return app.send(Request(path, b"" if body is None else json.dumps(body).encode()))


def begin(app: InProcess) -> str:
    response = post(app, "/sessions")
    assert response.status == 200
    assert response.value["steps"] == 0
    return f"/sessions/{response.value['session']}"


def test_a_session_answers_as_a_request_with_all_its_steps(app: InProcess, toys: Prepared) -> None:
    row = toys.split("test").rows[0].tolist()
    session = begin(app)
    for end in range(1, len(row) + 1):
        given = post(app, session, {"steps": row[end - 1 : end], "after": end - 1})
        whole = post(app, "/invocations", {"inputs": {"series": [row[:end]]}})
        [expected] = whole.value["predictions"]
        answer = given.value["prediction"]
        assert given.value["steps"] == end
        assert answer["label"] == expected["label"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    ended = app.send(Request(session, method="DELETE"))
    assert (ended.status, ended.value["steps"]) == (200, len(row))
    assert post(app, session, {"steps": row}).status == 404
    figures = app.send(Request("/metrics", method="GET")).content.decode()
    assert f"conveyor_session_steps_total {len(row)}.0" in figures
    assert "conveyor_sessions 0.0" in figures


def test_a_session_keeps_the_version_that_opened_it(app: InProcess, toy_product: Path) -> None:
    session = begin(app)
    first = post(app, session, {"steps": [[1.0, 2.0]]})
    app.app.slot.replace(LiveModel("model", "2", LoadedModel.load(toy_product)))
    after = post(app, session, {"steps": [[1.0, 2.0]]})
    assert after.headers["x-model-version"] == first.headers["x-model-version"] == "1"
    assert after.value["steps"] == 2
    other = post(app, begin(app), {"steps": [[1.0, 2.0]]})
    assert other.value["model_version"] == "2"


REFUSED: list[tuple[Any, int, str]] = [
    ({"steps": [[1.0]]}, 400, "steps: expected a list of steps of 2 numbers"),
    ({"steps": []}, 400, "got no step"),
    ({"steps": [[1.0, None]]}, 400, "missing value"),
    ({"step": [[1.0, 2.0]]}, 400, "'steps' and 'after' only; got 'step'"),
    ({}, 400, "an object with `steps`"),
    ([], 400, "got no object"),
    ({"steps": [[1.0, 2.0]], "after": 0}, 409, "expected 1, the steps read so far; got 0"),
    ({"steps": [[1.0, 2.0]], "after": "1"}, 400, "after: expected a whole number"),
    ({"steps": [[1.0, 2.0]], "after": True}, 400, "after: expected a whole number"),
]


@pytest.mark.parametrize(("body", "status", "message"), REFUSED)
def test_a_refused_request_leaves_the_session_as_it_was(
    app: InProcess, body: Any, status: int, message: str
) -> None:
    session, other = begin(app), begin(app)
    first, second = [[0.5, 1.0]], [[3.0, -1.0]]
    for name in (session, other):
        post(app, name, {"steps": first})
    refused = post(app, session, body)
    assert refused.status == status
    assert message in refused.value["message"]
    answers = [post(app, name, {"steps": second}).value for name in (session, other)]
    assert answers[0]["prediction"] == answers[1]["prediction"]
    assert answers[0]["steps"] == 2


def test_more_sessions_than_allowed_are_refused(app: InProcess) -> None:
    first = begin(app)
    begin(app)
    refused = post(app, "/sessions")
    assert refused.status == 429
    assert "fewer than 2 open sessions" in refused.value["message"]
    app.send(Request(first, method="DELETE"))
    begin(app)


def test_an_idle_session_ends() -> None:
    now = 0.0
    sessions = Sessions(limit=2, idle_seconds=10.0, clock=lambda: now)
    live = LiveModel("model", "1", load())
    names = [sessions.open(live, {}).name for _ in range(2)]
    now = 9.0
    sessions.find(names[0])
    now = 11.0
    assert sessions.count() == 1
    with pytest.raises(HTTPException, match="no request for 10 seconds") as told:
        sessions.find(names[1])
    assert told.value.status_code == 404
    assert (sessions.opened, sessions.expired) == (2, 1)


def test_a_second_request_at_the_same_time_is_refused() -> None:
    sessions = Sessions(limit=1, idle_seconds=10.0)
    session = sessions.open(LiveModel("model", "1", load()), {})
    with session.lock, pytest.raises(HTTPException, match="one request after the other"):
        sessions.read(session, {"steps": np.zeros((1, 3)).tolist()})
    sessions.read(session, {"steps": np.zeros((1, 3)).tolist()})


def test_static_columns_are_sent_once() -> None:
    model, steps = load(static=STATIC), np.ones((4, 3))
    live, static = LiveModel("model", "1", model), {"age": "52", "ward": "south"}
    sessions = Sessions(1, 10.0)
    with pytest.raises(InputError, match=r"static: .*age"):
        sessions.open(live, {"static": {"ward": "south"}})
    with pytest.raises(InputError, match="static: expected an object"):
        sessions.open(live, {"static": [52]})
    session = sessions.open(live, {"static": static})
    answer = json.loads(sessions.read(session, {"steps": steps.tolist()}))["prediction"]
    [expected] = model.predict([Row(steps, static)]).records()
    assert answer["probability"] == pytest.approx(expected["probability"], abs=1e-6)


def test_a_model_of_texts_opens_no_session(word_product: Path) -> None:
    live = LiveModel("words", "1", LoadedModel.load(word_product))
    with pytest.raises(InputError, match="expected a model of series; got one of text"):
        Sessions(1, 10.0).open(live, {})


def test_sessions_are_described_where_the_model_can_have_them(
    app: InProcess, word_product: Path, tmp_path: Path
) -> None:
    description = app.send(Request("/openapi.json", method="GET")).value
    OpenAPIV31SpecValidator(description).validate()
    operation = description["paths"]["/sessions/{session}"]["post"]
    request, answer = (
        operation["requestBody"]["content"]["application/json"],
        operation["responses"]["200"]["content"]["application/json"],
    )
    jsonschema.validate(request["example"], request["schema"])
    response = post(app, begin(app), request["example"])
    jsonschema.validate(response.value, answer["schema"])
    assert response.value["prediction"] == answer["example"]["prediction"]
    assert "DELETE /sessions/" in app.send(Request("/docs", method="GET")).content.decode()
    words = InProcess(LoadedModel.load(word_product), tmp_path / "words")
    assert "/sessions" not in words.send(Request("/openapi.json", method="GET")).value["paths"]
    words.close()


def test_a_served_folder_has_sessions(servers: dict[str, Server]) -> None:
    status, opened, _ = servers["toys"].ask("/sessions", {})
    assert status == 200
    status, answer, headers = servers["toys"].ask(
        f"/sessions/{opened['session']}", {"steps": [[1.0, 2.0], [0.0, 1.0]]}
    )
    assert (status, answer["steps"]) == (200, 2)
    assert headers["x-model-version"] == opened["model_version"]
