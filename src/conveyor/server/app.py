"""The ASGI app, which serves MLflow's and KServe's protocols."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from conveyor.server import mlflow_protocol, v2
from conveyor.server.access import Access, AccessCheck
from conveyor.server.body import (
    BINARY_TYPE,
    BODY_SECONDS,
    JSON_LENGTH,
    JSON_TYPE,
    Body,
    check_headers,
    parse_body,
    read_body,
)
from conveyor.server.error_response import error_response, refused_input
from conveyor.server.inspect import Inspection
from conveyor.server.live_model import VERSION_HEADER, LiveModel, ModelSlot
from conveyor.server.metrics import Metrics, RequestMetrics
from conveyor.server.pages import Pages
from conveyor.server.parsed_request import FormattedResponse, ParsedRequest
from conveyor.server.request_log import RequestLog
from conveyor.server.session_routes import SessionRoutes
from conveyor.server.sessions import Sessions
from conveyor.server.shadow import AnsweredRequest, Shadow
from conveyor.serving import LoadedModel, Predictions

log = logging.getLogger(__name__)

ParseRequest = Callable[[Body, LoadedModel], ParsedRequest]
FormatResponse = Callable[[LiveModel, Predictions, ParsedRequest], FormattedResponse]


class App:
    """The handlers of all routes.

    The event loop reads a request; a thread parses it, predicts and formats the response, since
    ONNX Runtime and the tokenizer release the interpreter's lock.

    Args:
        body_limit: largest request body, in bytes.
        threads: requests that are served at the same time; None for one per core.
        request_log: where a sample of the requests is recorded.
        shadow: a model that predicts the rows of each request after it is answered.
        sessions: where rows that come step by step are kept; by default none may be opened.
    """

    def __init__(
        self,
        slot: ModelSlot,
        body_limit: int,
        threads: int | None,
        request_log: RequestLog,
        shadow: Shadow | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.slot, self.body_limit, self.request_log = slot, body_limit, request_log
        self.sessions, self.shadow = sessions or Sessions(0, 0.0), shadow
        self.metrics = Metrics(slot, self.sessions, shadow)
        self.pool = ThreadPoolExecutor(threads or os.cpu_count(), thread_name_prefix="predict")

    def asgi(self, access: Access) -> Starlette:
        """Return the app with its routes, for those whom `access` lets in; errors are JSON."""
        name = "/v2/models/{name}"
        routes = [
            Route("/invocations", self.predict_by_mlflow, methods=["POST"]),
            *SessionRoutes(self.slot, self.sessions, self.pool, self.body_limit).routes(),
            Route("/ping", self.get_ready),
            Route("/health", self.get_ready),
            Route("/version", self.get_mlflow_version),
            Route("/metrics", self.get_metrics),
            *Pages(self.slot, access.token is not None).routes(),
            *Inspection(self.slot, self.body_limit).routes(),
            Route("/v2", self.get_server),
            Route("/v2/health/live", self.get_live),
            Route("/v2/health/ready", self.get_ready),
        ]
        for model in (name, f"{name}/versions/{{version}}"):
            routes += [
                Route(model, self.get_model),
                Route(f"{model}/ready", self.get_model_ready),
                Route(f"{model}/infer", self.predict_by_v2, methods=["POST"]),
            ]
        handlers: Any = {HTTPException: _handle_refusal, Exception: _handle_failure}
        middleware = [
            Middleware(RequestMetrics, metrics=self.metrics, routes=routes),
            Middleware(AccessCheck, access=access),
        ]
        return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers)

    def close(self) -> None:
        """Finish the work that no client waits for."""
        self.pool.shutdown(cancel_futures=True)
        self.metrics.background.close(wait=False)
        if self.shadow is not None:
            self.shadow.background.close()
        self.request_log.flush()

    async def predict_by_mlflow(self, request: Request) -> Response:
        """Predict, in MLflow's protocol."""
        check_headers(request, [JSON_TYPE])
        return await self._predict(
            request,
            self.slot.require(),
            mlflow_protocol.parse_request,
            mlflow_protocol.format_response,
        )

    async def predict_by_v2(self, request: Request) -> Response:
        """Predict, in KServe's protocol."""
        live = self._named_model(request)
        check_headers(request, [JSON_TYPE, BINARY_TYPE])
        return await self._predict(request, live, v2.parse_request, v2.format_response)

    async def get_ready(self, request: Request) -> Response:
        """Status 200 once a model is loaded."""
        live = self.slot.require()
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

    async def get_metrics(self, request: Request) -> Response:
        """Metrics in Prometheus's text format."""
        content, media_type = self.metrics.expose(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": media_type})

    async def get_server(self, request: Request) -> Response:
        """Name, version and extensions of the server."""
        version = package_version("conveyor")
        return JSONResponse({"name": "conveyor", "version": version, "extensions": v2.EXTENSIONS})

    async def get_model(self, request: Request) -> Response:
        """Tensors, classes and version of the model."""
        return JSONResponse(v2.describe(self._named_model(request)))

    async def get_model_ready(self, request: Request) -> Response:
        """Status 200 once the model is loaded."""
        return JSONResponse({"name": self._named_model(request).name, "ready": True})

    def _named_model(self, request: Request) -> LiveModel:
        """The model, if the path names it and, where it names a version, the one that serves."""
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != self.slot.name:
            raise HTTPException(404, f"model {name!r} not found; this is {self.slot.name!r}")
        live = self.slot.require()
        if version is not None and version != live.version:
            raise HTTPException(404, f"version {version!r} not found; {live.version!r} serves")
        return live

    def _record(self, request: AnsweredRequest) -> None:
        """Count and log a request; where there is a shadow, log it when that has answered too."""
        self.metrics.add(request)
        shadow = self.shadow

        def compare_and_log() -> None:
            assert shadow is not None
            answer = shadow.answer(request)
            if answer is not None:
                self.metrics.add_shadow(answer)
            self.request_log.add(request, answer)

        if shadow is None or not shadow.background.submit(compare_and_log):
            self.request_log.add(request)

    async def _predict(
        self,
        request: Request,
        live: LiveModel,
        parse_request: ParseRequest,
        format_response: FormatResponse,
    ) -> Response:
        content = await read_body(request, self.body_limit, BODY_SECONDS)
        json_length = request.headers.get(JSON_LENGTH)

        def predict() -> FormattedResponse:
            parsed = parse_request(parse_body(content, json_length), live.model)
            start = time.perf_counter()
            predictions = parsed.predict(live.model)
            seconds = time.perf_counter() - start
            response = format_response(live, predictions, parsed)
            self._record(AnsweredRequest(live, parsed.rows, predictions, seconds))
            return response

        with refused_input():
            response = await asyncio.get_running_loop().run_in_executor(self.pool, predict)
        headers = {VERSION_HEADER: live.version, **response.headers}
        return Response(response.content, media_type=response.media_type, headers=headers)


async def _handle_refusal(request: Request, error: HTTPException) -> Response:
    message = {
        "Not Found": f"path {request.url.path} not found",
        "Method Not Allowed": f"method {request.method} is not allowed for {request.url.path}",
    }.get(error.detail, error.detail)
    response = error_response(request.url.path, error.status_code, message)
    response.headers.update(error.headers or {})
    return response


async def _handle_failure(request: Request, error: Exception) -> Response:
    message = "internal error; the traceback is in the server's log"
    return error_response(request.url.path, 500, message)
