"""The paths of rows that come step by step."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conveyor.server.body import BODY_SECONDS, JSON_TYPE, check_headers, parse_body, read_body
from conveyor.server.error_response import refused_input
from conveyor.server.live_model import VERSION_HEADER, ModelSlot
from conveyor.server.sessions import Session, Sessions

OPEN, SESSION = "/sessions", "/sessions/{session}"


class SessionRoutes:
    """The handlers of these paths.

    Args:
        pool: of the threads that predict.
        body_limit: largest request body, in bytes.
    """

    def __init__(
        self, slot: ModelSlot, sessions: Sessions, pool: Executor, body_limit: int
    ) -> None:
        self.slot, self.sessions = slot, sessions
        self.pool, self.body_limit = pool, body_limit

    def routes(self) -> list[Route]:
        return [
            Route(OPEN, self.open_session, methods=["POST"]),
            Route(SESSION, self.read_steps, methods=["POST"]),
            Route(SESSION, self.end_session, methods=["DELETE"]),
        ]

    async def open_session(self, request: Request) -> Response:
        """Begin a row, which the version that serves now answers until its end."""
        check_headers(request, [JSON_TYPE])
        live = self.slot.require()
        content = await read_body(request, self.body_limit, BODY_SECONDS)

        def open_one() -> Response:
            body = parse_body(content, None).value if content else {}
            session = self.sessions.open(live, body)
            return _respond(session, session.describe())

        return await self._run(open_one)

    async def read_steps(self, request: Request) -> Response:
        """Read the next steps of a row, and answer it as far as it has come."""
        check_headers(request, [JSON_TYPE])
        session = self.sessions.find(request.path_params["session"])
        content = await read_body(request, self.body_limit, BODY_SECONDS)

        def read() -> Response:
            body = parse_body(content, None).value
            return _respond(session, self.sessions.read(session, body))

        return await self._run(read)

    async def end_session(self, request: Request) -> Response:
        """End a row; the response has the number of its steps."""
        session = self.sessions.close(request.path_params["session"])
        return _respond(session, session.describe())

    async def _run(self, work: Callable[[], Response]) -> Response:
        """Run what computes in a thread, so that other requests are served meanwhile."""
        with refused_input():
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)


def _respond(session: Session, content: bytes) -> Response:
    return Response(content, 200, {VERSION_HEADER: session.live.version}, JSON_TYPE)
