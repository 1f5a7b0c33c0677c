"""What takes the served version's place, and what does not; without a server."""

import asyncio
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conveyor import files
from conveyor.server import live_model
from conveyor.server.app import App
from conveyor.server.ask import Ask
from conveyor.server.live_model import Slot, Watcher


def test_a_graph_that_opens_and_cannot_run_does_not_take_the_place(
    toy_product: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(toy_product, tmp_path / "model")
    encoder = files.read_json(toy_product / "encoder.json")
    wide = {**encoder, "shift": [0.0] * 3, "scale": [1.0] * 3}  # the graph reads two channels
    files.write_json(tmp_path / "model" / "encoder.json", wide)
    slot = Slot("toys")
    slot.load("1", toy_product)
    first = slot.current
    with caplog.at_level(logging.ERROR):
        slot.load("2", tmp_path / "model")
    assert first is not None
    assert slot.current is first
    assert "version 2 cannot be loaded" in caplog.text
    assert "version 1 goes on answering" in caplog.text


def test_the_version_that_serves_is_not_loaded_again(toy_product: Path) -> None:
    slot = Slot("toys")
    slot.load("1", toy_product)
    first = slot.current
    slot.load("1", toy_product)
    assert slot.current is first
    slot.load("2", toy_product)
    assert slot.current is not first


class Dying(Ask):
    """Tells a version and dies, each time it is started."""

    def start(self) -> None:
        self.starts = getattr(self, "starts", 0) + 1
        told = json.dumps({"version": str(self.starts), "folder": self.alias})
        code = f"import sys; print({told!r}); sys.exit(3)"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )


@pytest.mark.parametrize(("every", "starts"), [(1.0, 3), (None, 1)])
def test_a_watcher_that_died_is_started_anew_where_the_alias_is_followed(
    toy_product: Path, monkeypatch: pytest.MonkeyPatch, every: float | None, starts: int
) -> None:
    monkeypatch.setattr(live_model, "AGAIN", 0.01)
    slot, failures = Slot("toys"), []
    ask = Dying("toys", str(toy_product), every)
    watcher = Watcher(slot, ask, on_failure=lambda: failures.append(1))
    taken: list[str] = []

    def load(version: str, folder: Path) -> None:
        taken.append(version)
        slot.current = slot.current or live_model.Served("toys", version, None)  # type: ignore[arg-type]
        if len(taken) == starts:
            watcher.stopping.set()

    monkeypatch.setattr(slot, "load", load)
    watcher._read()
    assert taken == [str(n + 1) for n in range(starts)]
    assert not failures


def asked(app: App, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
    """Status and parsed answer of the app, called as a server calls it."""
    scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": method,
             "path": path, "raw_path": b"", "query_string": b"", "headers": []}  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    run: Callable[..., Any] = app.asgi(None)  # type: ignore[arg-type]
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
    app = App(Slot("toys"), body_limit=100, threads=1, notes=None)
    status, told = asked(app, path, method, b'{"inputs": [[[1, 2]]]}')
    assert status == 503
    assert "still being loaded" in (told["error"] if path.startswith("/v2") else told["message"])
    assert asked(app, "/v2/health/live") == (200, {"live": True})
