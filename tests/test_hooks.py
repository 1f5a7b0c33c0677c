"""Receivers get an event, also after a failure; no secret is logged."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from conveyor.config import Config, ConfigError, Hooks, overlay
from conveyor.hooks import notify

SAVE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"


def hooks(*calls: dict[str, Any], **changes: Any) -> Hooks:
    values = {"calls": calls, "retries": 2, "wait": 0.01, "timeout": 5.0, **changes}
    return Hooks.model_validate(values)


class Receiver(HTTPServer):
    """Keeps what comes; answers 503 to the first `failures` calls."""

    def __init__(self, failures: int) -> None:
        self.failures, self.came = failures, list[tuple[str, dict[str, Any]]]()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.came.append((self.path, body))
        self.send_response(503 if len(server.came) <= server.failures else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    server = Receiver(request.param)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("receiver", [1], indirect=True)
def test_a_url_that_fails_first_gets_the_event_by_the_retry(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    url = f"http://127.0.0.1:{receiver.server_port}/$TOKEN?key=s3cret"
    (delivery,) = notify(hooks({"url": url}), "champion changed", {"to": "2"})
    assert (delivery.attempts, delivery.error) == (2, None)
    assert receiver.came[1] == ("/s3cret?key=s3cret", {"event": "champion changed", "to": "2"})
    assert "the response has HTTP status 503" in caplog.text
    for secret in ("s3cret", "TOKEN"):
        assert secret not in caplog.text + delivery.to


@pytest.mark.parametrize("receiver", [9], indirect=True)
def test_a_url_that_always_fails_is_given_up_and_the_others_get_the_event(
    receiver: Receiver, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SAVE, str(tmp_path / "event.json")]
    calls = [{"url": f"http://127.0.0.1:{receiver.server_port}/"}, {"command": command}]
    failed, done = notify(hooks(*calls), "champion changed", {"to": "2"})
    assert (failed.attempts, failed.error) == (3, "the response has HTTP status 503")
    assert len(receiver.came) == 3
    assert (done.to, done.attempts, done.error) == (Path(sys.executable).name, 1, None)
    event = json.loads((tmp_path / "event.json").read_text())
    assert event == {"event": "champion changed", "to": "2"}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            {"command": [sys.executable, "-c", "raise SystemExit(3)"]},
            "the command ended with exit code 3",
        ),
        (
            {"command": ["no-such-program-at-all"]},
            "the command cannot start: No such file or directory",
        ),
        (
            {"command": [sys.executable, "-c", "import time; time.sleep(9)"]},
            "the command did not end within 0.5 s",
        ),
        ({"command": ["echo", "$NOT_SET_ANYWHERE"]}, "environment variable NOT_SET_ANYWHERE is"),
        ({"url": "http://127.0.0.1:9/"}, "the request failed with ConnectionError"),
    ],
)
def test_the_delivery_names_the_error(call: dict[str, Any], error: str) -> None:
    (failed,) = notify(hooks(call, retries=0, timeout=0.5), "event", {})
    assert failed.error is not None
    assert error in failed.error


@pytest.mark.parametrize("call", [{}, {"url": "http://h/", "command": ["x"]}, {"url": "ftp://h/"}])
def test_a_receiver_is_one_command_or_one_url(call: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        hooks(call)


def test_a_refused_url_is_not_repeated_since_it_may_hold_a_password(toy_config: Config) -> None:
    bad = [{"url": "https://me:s3cret@host/"}]
    with pytest.raises(ConfigError, match="without user and password") as error:
        overlay(toy_config, {"hooks.calls": bad})
    assert "s3cret" not in str(error.value)


@pytest.fixture(autouse=True)
def _log_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
