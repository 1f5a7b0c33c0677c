"""The ASGI app, which answers MLflow's and KServe's protocols."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from conveyor.encoding import Encoder
from conveyor.errors import InputError
from conveyor.server import mlflow_protocol, v2
from conveyor.server.live_model import LiveModel, ModelSlot
from conveyor.server.request_log import RequestLog
from conveyor.serving import Predictions

log = logging.getLogger(__name__)
VERSION_HEADER = "x-model-version"
MLFLOW_ERRORS = {
    404: "RESOURCE_DOES_NOT_EXIST",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}

ParseRows = Callable[[Any, Encoder], list[Any]]
FormatAnswer = Callable[[LiveModel, Predictions, Any], Any]


class App:
    """The handlers of all routes.

    The event loop reads a request; a thread parses it, predicts and formats the answer, since
    ONNX Runtime and the tokenizer release the interpreter's lock.
    """

    def __init__(
        self, slot: ModelSlot, body_limit: int, threads: int, request_log: RequestLog
    ) -> None:
        self.slot, self.body_limit, self.request_log = slot, body_limit, request_log
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")

    def asgi(self) -> Starlette:
        """Return the app with its routes; errors are JSON."""
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
        handlers: Any = {HTTPException: _handle_refusal, Exception: _handle_failure}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def invocations(self, request: Request) -> Response:
        """Predict, in MLflow's protocol."""
        content_type = request.headers.get("content-type", "application/json")
        media_type = content_type.partition(";")[0].strip()
        if media_type != "application/json":
            raise HTTPException(415, f"content type: expected application/json; got {media_type}")
        return await self._predict(
            request, mlflow_protocol.parse_rows, mlflow_protocol.format_answer
        )

    async def infer(self, request: Request) -> Response:
        """Predict, in KServe's protocol."""
        self._check_name(request)
        return await self._predict(request, v2.parse_rows, v2.format_answer)

    async def ready(self, request: Request) -> Response:
        """Status 200 once a model is loaded."""
        live = self._live_model()
        body = {"ready": True} if request.url.path.startswith("/v2") else {}
        return JSONResponse(body, headers={VERSION_HEADER: live.version})

    async def live(self, request: Request) -> Response:
        """Status 200 while the process runs."""
        return JSONResponse({"live": True})

    async def version(self, request: Request) -> Response:
        """The version of MLflow, as MLflow's own server has it."""
        try:
            return Response(package_version("mlflow"), media_type="application/json")
        except PackageNotFoundError:
            raise HTTPException(404, "MLflow is not installed") from None

    async def server(self, request: Request) -> Response:
        """Name and version of the server."""
        body = {"name": "conveyor", "version": package_version("conveyor"), "extensions": []}
        return JSONResponse(body)

    async def model(self, request: Request) -> Response:
        """Tensors, classes and version of the model."""
        self._check_name(request)
        return JSONResponse(v2.describe(self._live_model()))

    async def model_ready(self, request: Request) -> Response:
        """Status 200 once the model is loaded."""
        self._check_name(request)
        return JSONResponse({"name": self._live_model().name, "ready": True})

    def _check_name(self, request: Request) -> None:
        name = request.path_params["name"]
        if name != self.slot.name:
            raise HTTPException(404, f"model {name!r} not found; this is {self.slot.name!r}")

    def _live_model(self) -> LiveModel:
        if self.slot.current is None:
            raise HTTPException(503, "the model is still being loaded; retry in a few seconds")
        return self.slot.current

    async def _predict(
        self, request: Request, parse_rows: ParseRows, format_answer: FormatAnswer
    ) -> Response:
        live = self._live_model()
        content = await self._read_body(request)

        def answer() -> bytes:
            body = _parse_json(content)
            rows = parse_rows(body, live.model.encoder)
            predictions = live.model.predict(rows)
            text = json.dumps(format_answer(live, predictions, body), ensure_ascii=False)
            self.request_log.add(live, rows, predictions)
            return text.encode()

        try:
            text = await asyncio.get_running_loop().run_in_executor(self.pool, answer)
        except InputError as error:
            raise HTTPException(400, str(error)) from None
        headers = {VERSION_HEADER: live.version}
        return Response(text, media_type="application/json", headers=headers)

    async def _read_body(self, request: Request) -> bytes:
        """The whole body; status 413 as soon as it exceeds the limit."""
        self._check_size(int(request.headers.get("content-length", 0)))
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            self._check_size(size)
            parts.append(part)
        return b"".join(parts)

    def _check_size(self, size: int) -> None:
        if size > self.body_limit:
            raise HTTPException(
                413,
                f"request body: expected at most {self.body_limit} bytes; got more. Send fewer "
                "rows in a request, or start the server with a larger --body-limit",
            )


def _parse_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"request body is not valid JSON: {error}") from None


def _error(request: Request, status: int, message: str) -> JSONResponse:
    """An error in the form of the request's protocol."""
    if request.url.path.startswith("/v2"):
        return JSONResponse({"error": message}, status)
    code = MLFLOW_ERRORS.get(status, "BAD_REQUEST")
    return JSONResponse({"error_code": code, "message": message}, status)


async def _handle_refusal(request: Request, error: HTTPException) -> Response:
    message = {
        "Not Found": f"path {request.url.path} not found",
        "Method Not Allowed": f"method {request.method} is not allowed for {request.url.path}",
    }.get(error.detail, error.detail)
    answer = _error(request, error.status_code, message)
    answer.headers.update(error.headers or {})
    return answer


async def _handle_failure(request: Request, error: Exception) -> Response:
    return _error(request, 500, "internal error; the traceback is in the server's log")
