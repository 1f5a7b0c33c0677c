"""Requests to the app without a socket, thousands of them in a second."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.routing import Route

from conveyor.server.access import Access
from conveyor.server.app import App
from conveyor.server.live_model import LiveModel, ModelSlot
from conveyor.server.request_log import RequestLog
from conveyor.server.sessions import Sessions
from conveyor.serving import LoadedModel

LIMIT = 100_000  # bytes of a body


@dataclass(frozen=True)
class Request:
    """A request as a client sends it; equal ones are the same case for hypothesis."""

    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    method: str = "POST"


@dataclass(frozen=True)
class Response:
    """A response, with its headers in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def value(self) -> Any:
        """Its JSON, which may have no NaN and no infinity."""
        length = int(self.headers.get("inference-header-content-length", len(self.content)))
        return json.loads(self.content[:length].decode(), parse_constant=_refuse_constant)


class InProcess:
    """One model behind the app. The name of the model is `model`, its version is `1`."""

    def __init__(self, model: LoadedModel, folder: Path) -> None:
        slot = ModelSlot("model", LiveModel("model", "1", model))
        requests = RequestLog(folder, 1.0, max_files=1, raw_rows=True, interval=3600)
        self.app = App(slot, LIMIT, 1, requests, sessions=Sessions(2, 600.0))
        self._asgi, self._runner = self.app.asgi(Access(None, None)), asyncio.Runner()

    @property
    def routes(self) -> list[Route]:
        """The routes of the app."""
        return [route for route in self._asgi.routes if isinstance(route, Route)]

    def close(self) -> None:
        self._runner.close()
        self.app.close()

    def send(self, request: Request) -> Response:
        """Return the response. An exception of a handler, which would be status 500, is raised."""
        return self._runner.run(self._send(request))

    async def _send(self, request: Request) -> Response:
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": request.method, "path": request.path, "query_string": b"",
            "raw_path": request.path.encode(), "headers": headers, "root_path": "",
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._asgi(scope, receive, send)
        start = sent[0]
        names = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        return Response(start["status"], names, b"".join(m.get("body", b"") for m in sent[1:]))


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"the response is no JSON: it has {name}")
