"""The ASGI app, which serves MLflow's and KServe's protocols."""

import asyncio
import json
import logging
import os
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

from conveyor.errors import InputError
from conveyor.server import mlflow_protocol, v2
from conveyor.server.live_model import LiveModel, ModelSlot
from conveyor.server.parsed_request import ParsedRequest
from conveyor.server.request_log import RequestLog
from conveyor.serving import LoadedModel, Predictions

log = logging.getLogger(__name__)
VERSION_HEADER = "x-model-version"
MLFLOW_ERRORS = {
    404: "RESOURCE_DOES_NOT_EXIST",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}

ParseRequest = Callable[[Any, LoadedModel], ParsedRequest]
FormatResponse = Callable[[LiveModel, Predictions, ParsedRequest], Any]


class App:
    """The handlers of all routes.

    The event loop reads a request; a thread parses it, predicts and formats the response, since
    ONNX Runtime and the tokenizer release the interpreter's lock.

    Args:
        body_limit: largest request body, in bytes.
        threads: requests that are served at the same time; None for one per core.
        request_log: where a sample of the requests is recorded.
    """

    def __init__(
        self, slot: ModelSlot, body_limit: int, threads: int | None, request_log: RequestLog
    ) -> None:
        self.slot, self.body_limit, self.request_log = slot, body_limit, request_log
        self.pool = ThreadPoolExecutor(threads or os.cpu_count(), thread_name_prefix="predict")

    def asgi(self) -> Starlette:
        """Return the app with its routes; errors are JSON."""
        model = "/v2/models/{name}"
        routes = [
            Route("/invocations", self.predict_by_mlflow, methods=["POST"]),
            Route("/ping", self.get_ready),
            Route("/health", self.get_ready),
            Route("/version", self.get_mlflow_version),
            Route("/v2", self.get_server),
            Route("/v2/health/live", self.get_live),
            Route("/v2/health/ready", self.get_ready),
            Route(model, self.get_model),
            Route(f"{model}/ready", self.get_model_ready),
            Route(f"{model}/infer", self.predict_by_v2, methods=["POST"]),
        ]
        handlers: Any = {HTTPException: _handle_refusal, Exception: _handle_failure}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def predict_by_mlflow(self, request: Request) -> Response:
        """Predict, in MLflow's protocol."""
        content_type = request.headers.get("content-type", "application/json")
        media_type = content_type.partition(";")[0].strip()
        if media_type != "application/json":
            raise HTTPException(415, f"content type: expected application/json; got {media_type}")
        return await self._predict(
            request, mlflow_protocol.parse_request, mlflow_protocol.format_response
        )

    async def predict_by_v2(self, request: Request) -> Response:
        """Predict, in KServe's protocol."""
        self._check_name(request)
        return await self._predict(request, v2.parse_request, v2.format_response)

    async def get_ready(self, request: Request) -> Response:
        """Status 200 once a model is loaded."""
        live = self._live_model()
        body = {"ready": True} if request.url.path.startswith("/v2") else {}
        return JSONResponse(body, headers={VERSION_HEADER: live.version})

    async def get_live(self, request: Request) -> Response:
        """Status 200 while the process runs."""
        return JSONResponse({"live": True})

    async def get_mlflow_version(self, request: Request) -> Response:
        """The version of MLflow, as MLflow's own server has it."""
        try:
            return Response(package_version("mlflow"), media_type="application/json")
        except PackageNotFoundError:
            raise HTTPException(404, "MLflow is not installed") from None

    async def get_server(self, request: Request) -> Response:
        """Name and version of the server."""
        body = {"name": "conveyor", "version": package_version("conveyor"), "extensions": []}
        return JSONResponse(body)

    async def get_model(self, request: Request) -> Response:
        """Tensors, classes and version of the model."""
        self._check_name(request)
        return JSONResponse(v2.describe(self._live_model()))

    async def get_model_ready(self, request: Request) -> Response:
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
        self, request: Request, parse_request: ParseRequest, format_response: FormatResponse
    ) -> Response:
        live = self._live_model()
        content = await self._read_body(request)

        def predict() -> bytes:
            parsed = parse_request(_parse_json(content), live.model)
            predictions = parsed.predict(live.model)
            text = json.dumps(format_response(live, predictions, parsed), ensure_ascii=False)
            self.request_log.add(live, parsed.rows, predictions)
            return text.encode()

        try:
            text = await asyncio.get_running_loop().run_in_executor(self.pool, predict)
        except InputError as error:
            raise HTTPException(400, str(error)) from None
        headers = {VERSION_HEADER: live.version}
        return Response(text, media_type="application/json", headers=headers)

    async def _read_body(self, request: Request) -> bytearray:
        """The whole body; status 413 as soon as it, or the size in its header, is too large."""
        body = bytearray()
        if int(request.headers.get("content-length", 0)) <= self.body_limit:
            async for part in request.stream():
                body += part
                if len(body) > self.body_limit:
                    break
            else:
                return body
        raise HTTPException(
            413,
            f"request body: expected at most {self.body_limit} bytes; got more. Send fewer "
            "rows in a request, or start the server with a larger --body-limit",
        )


def _parse_json(content: bytearray) -> Any:
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
    response = _error(request, error.status_code, message)
    response.headers.update(error.headers or {})
    return response


async def _handle_failure(request: Request, error: Exception) -> Response:
    return _error(request, 500, "internal error; the traceback is in the server's log")
