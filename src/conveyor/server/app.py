"""The ASGI app: MLflow's and KServe's ways of asking, one way of answering."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version as installed
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from conveyor.errors import InputError
from conveyor.server import mlflow_protocol, v2
from conveyor.server.live_model import Served, Slot
from conveyor.serving import Predictions

log = logging.getLogger(__name__)
VERSION = "x-model-version"
CODES = {400: "BAD_REQUEST", 404: "RESOURCE_DOES_NOT_EXIST", 413: "BAD_REQUEST",
         500: "INTERNAL_ERROR", 503: "TEMPORARILY_UNAVAILABLE"}  # fmt: skip

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


class Log(Protocol):
    """Notes some of the answers; see `request_log`."""

    def add(self, served: Served, rows: Sequence[Any], answers: Predictions) -> None: ...
    def flush(self) -> None: ...


class App:
    """Handlers around the slot that holds the model.

    A request is read on the event loop; it is parsed, answered and written out in a thread, since
    ONNX Runtime and the tokenizer leave the interpreter's lock while they work.
    """

    def __init__(self, slot: Slot, *, body_limit: int, threads: int, notes: Log | None) -> None:
        self.slot, self.body_limit, self.notes = slot, body_limit, notes
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")

    def asgi(self, lifespan: Lifespan) -> Starlette:
        """The routes, and errors as JSON."""
        model = "/v2/models/{name}"
        routes = [
            Route("/invocations", self.invocations, methods=["POST"]),
            Route("/ping", self.ready),
            Route("/health", self.ready),
            Route("/version", self.version),
            Route("/v2", self.server),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.ready),
            Route(model, self.model),
            Route(f"{model}/ready", self.model_ready),
            Route(f"{model}/infer", self.infer, methods=["POST"]),
        ]
        handlers: Any = {HTTPException: _refused, Exception: _failed}
        return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)

    async def invocations(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
        if kind != "application/json":
            raise HTTPException(415, f"the content type is {kind}; application/json is needed")
        return await self._answered(request, mlflow_protocol.rows_of, _mlflow)

    async def infer(self, request: Request) -> Response:
        self._named(request)
        return await self._answered(request, v2.rows_of, v2.answer)

    async def ready(self, request: Request) -> Response:
        served = self._served()
        told = {"ready": True} if request.url.path.startswith("/v2") else {}
        return JSONResponse(told, headers={VERSION: served.version})

    async def live(self, request: Request) -> Response:
        return JSONResponse({"live": True})

    async def version(self, request: Request) -> Response:
        """MLflow's own version, as its server tells it."""
        return Response(installed("mlflow"), media_type="application/json")

    async def server(self, request: Request) -> Response:
        told = {"name": "conveyor", "version": installed("conveyor"), "extensions": []}
        return JSONResponse(told)

    async def model(self, request: Request) -> Response:
        self._named(request)
        return JSONResponse(v2.describe(self._served()))

    async def model_ready(self, request: Request) -> Response:
        self._named(request)
        served = self._served()
        return JSONResponse({"name": served.name, "ready": True})

    def _named(self, request: Request) -> None:
        name = request.path_params["name"]
        if name != self.slot.name:
            raise HTTPException(404, f"there is no model {name!r}; {self.slot.name!r} is served")

    def _served(self) -> Served:
        if self.slot.current is None:
            raise HTTPException(503, "the model is still being loaded; ask again in some seconds")
        return self.slot.current

    async def _answered(
        self,
        request: Request,
        rows_of: Callable[[Any, str], list[Any]],
        told: Callable[[Served, Predictions, Any], Any],
    ) -> Response:
        served = self._served()
        raw = await self._body(request)

        def work() -> bytes:
            body = _parsed(raw)
            rows = rows_of(body, served.predictor.kind)
            answers = served.predictor.predict(rows)
            text = json.dumps(told(served, answers, body), ensure_ascii=False).encode()
            if self.notes is not None:
                self.notes.add(served, rows, answers)
            return text

        try:
            content = await asyncio.get_running_loop().run_in_executor(self.pool, work)
        except InputError as error:
            raise HTTPException(400, str(error)) from None
        return Response(content, media_type="application/json", headers={VERSION: served.version})

    async def _body(self, request: Request) -> bytes:
        """All of it, or 413 as soon as it is too much."""
        parts, size = [], int(request.headers.get("content-length", 0))
        if size <= self.body_limit:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > self.body_limit:
                    break
                parts.append(part)
        if size > self.body_limit:
            raise HTTPException(
                413, f"the body has more than {self.body_limit} bytes; send fewer rows at once, "
                "or start the server with a larger --body-limit",
            )  # fmt: skip
        return b"".join(parts)


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the body is no JSON: {error}") from None


def _mlflow(served: Served, answers: Predictions, body: Any) -> Any:
    del body
    return mlflow_protocol.answer(served, answers)


def _error(request: Request, status: int, message: str) -> Response:
    """In the form of the protocol that was asked in."""
    if request.url.path.startswith("/v2"):
        return JSONResponse({"error": message}, status)
    return JSONResponse(
        {"error_code": CODES.get(status, "BAD_REQUEST"), "message": message}, status
    )


async def _refused(request: Request, error: HTTPException) -> Response:
    told = {404: f"there is no {request.url.path}", 405: f"{request.method} is not answered here"}
    plain = error.detail in ("Not Found", "Method Not Allowed")
    answer = _error(request, error.status_code, told[error.status_code] if plain else error.detail)
    answer.headers.update(error.headers or {})
    return answer


async def _failed(request: Request, error: Exception) -> Response:
    return _error(request, 500, "the server failed; its log has the traceback")
