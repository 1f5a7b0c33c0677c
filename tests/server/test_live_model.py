"""Which model answers: versions that load replace the old one, errors of any kind leave it."""

import asyncio
import json
import logging
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from registered import point

from conveyor import files
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.server.access import Access
from conveyor.server.alias_poller import AliasPoller
from conveyor.server.app import App
from conveyor.server.live_model import ModelSlot, load_folder, load_version
from conveyor.server.request_log import RequestLog
from conveyor.serving.digests import write_digests


def test_a_graph_that_opens_and_cannot_run_is_refused(toy_product: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_product, tmp_path / "model")
    encoder = files.read_json(toy_product / "encoder.json")
    wide = {**encoder, "shift": [0.0] * 3, "scale": [1.0] * 3}  # the graph reads two channels
    files.write_json(tmp_path / "model" / "encoder.json", wide)
    write_digests(tmp_path / "model")
    with pytest.raises(InputError, match="version 2 of toys cannot be loaded"):
        load_version("toys", "2", tmp_path / "model")


def test_a_folder_has_the_name_of_its_card_and_its_digest_as_version(toy_product: Path) -> None:
    live = load_folder(toy_product, None)
    assert live.name == files.read_json(toy_product / "card.json")["name"]
    assert live.version == files.digest_tree(toy_product)[:12]
    assert load_folder(toy_product, "other").name == "other"


@pytest.fixture
def poller(project: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AliasPoller:
    """On a copy of the store, whose files are where they were; version 1 is champion."""
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(project.root / "mlflow.db", tmp_path)
    paths = Paths(tmp_path)
    point(paths, 1)
    return AliasPoller(ModelSlot("toys"), "champion", 0.01, paths)


def version(poller: AliasPoller) -> str | None:
    return poller.slot.current and poller.slot.current.version


def test_a_version_is_loaded_when_the_alias_moves_and_once(poller: AliasPoller) -> None:
    poller.poll()
    first = poller.slot.current
    poller.poll()
    assert version(poller) == "1"
    assert poller.slot.current is first
    point(poller.paths, 2)
    poller.poll()
    assert version(poller) == "2"


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_and_is_tried_once(
    poller: AliasPoller, caplog: pytest.LogCaptureFixture
) -> None:
    poller.poll()
    first = poller.slot.current
    point(poller.paths, 3)
    for _ in range(3):
        poller.poll()
    point(poller.paths, 1)
    poller.poll()
    assert poller.slot.current is first
    assert caplog.text.count("version 3 of toys cannot be loaded") == 1
    assert "version 1 still serves" in caplog.text


def test_a_registry_that_fails_is_logged_once_and_its_recovery_too(
    poller: AliasPoller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    poller.poll()
    store = poller.paths.root / "mlflow.db"
    store.rename(store.with_suffix(".away"))
    for _ in range(3):
        poller.poll()
    assert version(poller) == "1"
    assert caplog.text.count("version 1 still serves") == 1
    assert "the registry responds again" not in caplog.text
    store.with_suffix(".away").rename(store)
    point(poller.paths, 2)
    for _ in range(3):
        poller.poll()
    assert version(poller) == "2"
    assert caplog.text.count("the registry responds again") == 1


def test_the_server_is_told_when_there_is_nothing_to_serve(poller: AliasPoller) -> None:
    poller.alias = "best"
    failures: list[int] = []
    poller._run(lambda: failures.append(1))
    assert failures == [1]
    assert "no alias 'best' of a model 'toys'" in str(poller.failure)


def test_no_request_waits_for_a_registry_that_does_not_answer(
    poller: AliasPoller, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller.poll()
    app = App(poller.slot, body_limit=100, threads=1, request_log=RequestLog(Path(), 0.0))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.create_server(("127.0.0.1", 0)) as registry:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{registry.getsockname()[1]}")
        poller.start(on_failure=lambda: None)
        connection, _ = registry.accept()
        status, answer = call(app, "/invocations", "POST", b'{"inputs": [[[1, 2]]]}')
        connection.close()
    poller.stop()
    assert (status, answer["model_version"]) == (200, "1")
    assert poller.failure is not None


def call(app: App, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
    """Status and parsed answer of the app, called as a server calls it."""
    scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": method,
             "path": path, "raw_path": b"", "query_string": b"", "headers": []}  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    run: Callable[..., Any] = app.asgi(Access(None, None))
    asyncio.run(run(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent))


@pytest.mark.parametrize(
    ("path", "method"),
    [("/ping", "GET"), ("/health", "GET"), ("/v2/health/ready", "GET"), ("/v2/models/toys", "GET"),
     ("/v2/models/toys/ready", "GET"), ("/invocations", "POST"),
     ("/v2/models/toys/infer", "POST")],
)  # fmt: skip
def test_before_a_version_is_loaded_the_server_lives_and_is_not_ready(
    path: str, method: str
) -> None:
    app = App(ModelSlot("toys"), body_limit=100, threads=1, request_log=RequestLog(Path(), 0.0))
    status, answer = call(app, path, method, b'{"inputs": [[[1, 2]]]}')
    assert status == 503
    assert "still being loaded" in answer["error" if path.startswith("/v2") else "message"]
    assert call(app, "/v2/health/live") == (200, {"live": True})
