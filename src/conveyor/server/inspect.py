"""What the network does inside while it reads a row that a client sends: gates and states, drawn by
the page at `/`."""

import asyncio
import gzip
from functools import cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from conveyor import files
from conveyor.errors import InputError
from conveyor.html.assets import plotly_bytes
from conveyor.server import mlflow_protocol
from conveyor.server.body import BODY_SECONDS, JSON_TYPE, check_headers, parse_body, read_body
from conveyor.server.error_response import refused_input
from conveyor.server.live_model import VERSION_HEADER, LiveModel, ModelSlot

INSPECT = "/inspect"
CACHED = {"cache-control": "max-age=86400", "vary": "accept-encoding"}


class Inspection:
    """The handlers of the route and of the script that draws.

    One row is traced at a time, in about a second, so that predictions are not slowed for long.

    Args:
        body_limit: largest request body, in bytes.
    """

    def __init__(self, slot: ModelSlot, body_limit: int) -> None:
        self.slot, self.body_limit = slot, body_limit
        self._tracing = asyncio.Lock()

    def routes(self) -> list[Route]:
        return [
            Route(INSPECT, self.inspect, methods=["POST"]),
            Route("/plotly.js", self.get_script),
        ]

    async def inspect(self, request: Request) -> Response:
        """Trace the row of a body in MLflow's protocol."""
        live = self.slot.require()
        check_headers(request, [JSON_TYPE])
        content = await read_body(request, self.body_limit, BODY_SECONDS)
        if self._tracing.locked():
            message = "another row is being inspected; retry in a second"
            raise HTTPException(503, message, {"retry-after": "1"})
        async with self._tracing:
            with refused_input():
                values = await run_in_threadpool(inspect_row, live, content)
        return JSONResponse(values, headers={VERSION_HEADER: live.version})

    async def get_script(self, request: Request) -> Response:
        """Plotly's script."""
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {**CACHED, "content-encoding": "gzip"}
            return Response(_compress_plotly(), media_type="text/javascript", headers=headers)
        return Response(plotly_bytes(), media_type="text/javascript", headers=CACHED)


def inspect_row(live: LiveModel, content: bytearray) -> dict[str, Any]:
    """Return what the page draws of the row in a body; see `inspection.page.describe_trace`.

    Raises:
        InputError: the body has no row, several, or one that cannot be read or traced.
        HTTPException: 503: the model's files are no longer those that are served.
    """
    # They load ONNX and SciPy's clustering, which no prediction needs.
    from conveyor.inspection.page import describe_trace
    from conveyor.inspection.trace import trace_row

    rows = mlflow_protocol.parse_request(parse_body(content, None), live.model).rows
    if len(rows) != 1:
        raise InputError(f"request body: expected one row; got {len(rows)}. Send them one by one")
    if live.folder is None or files.digest_tree(live.folder) != live.digest:
        raise HTTPException(
            503,
            f"the files of version {live.version} have changed since they were loaded; restart the "
            "server to inspect the model that they hold now",
        )
    trace = trace_row(live.folder, live.model, rows[0], is_bounded=True)
    return {"model_version": live.version, **describe_trace(trace)}


@cache
def _compress_plotly() -> bytes:
    return gzip.compress(plotly_bytes(), 6, mtime=0)
