"""Server processes, and requests to them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from conveyor.paths import Paths

ROOT = Path(__file__).parents[1]
JSON = {"content-type": "application/json"}


class Server:
    """`python -m pipeline.serve` on a free port."""

    def __init__(self, paths: Paths, log: Path, *options: str) -> None:
        self.log = log
        environment = {
            **os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{paths.root}/mlflow.db",
            "COVERAGE_FILE": str(ROOT / ".coverage"),
        }  # fmt: skip
        measured = ["-m", "coverage", "run", f"--rcfile={ROOT / 'pyproject.toml'}",
                    f"--source={ROOT / 'src'}"]  # fmt: skip
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, *measured, "-m", "pipeline.serve", "--port", "0", *options],
                cwd=paths.root, env=environment, stderr=file,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.log.read_text()

    def connect(self) -> HTTPConnection:
        until(lambda: "http://" in self.output or self.process.poll() is not None)
        address = re.search(r"http://(\S+):(\d+)", self.output)
        assert address, self.output
        return HTTPConnection(address[1], int(address[2]), timeout=30)

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        connection = self.connect()
        try:
            return ask(connection, path, body, **headers)
        finally:
            connection.close()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


def ask(
    connection: HTTPConnection, path: str, body: Any = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """Status, parsed answer and headers; a body makes it a POST, bytes are sent as they are."""
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    method = "GET" if raw is None else "POST"
    connection.request(method, path, raw, {**JSON, **headers})
    answer = connection.getresponse()
    text = answer.read()
    content = json.loads(text) if text.strip().startswith((b"{", b"[")) else text.decode()
    return answer.status, content, {k.lower(): v for k, v in answer.getheaders()}


def until(true: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "the condition did not hold in time"
        time.sleep(0.02)


@contextmanager
def serving(paths: Paths, log: Path, *options: str) -> Iterator[Server]:
    """A server that is ready, stopped at the end."""
    server = Server(paths, log, *options)
    try:
        until(lambda: server.ask("/ping")[0] == 200)
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
