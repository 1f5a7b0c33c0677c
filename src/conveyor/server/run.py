"""Starts the server, and stops it without losing requests."""

import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from conveyor.errors import InputError
from conveyor.server.access import Access
from conveyor.server.app import App

if TYPE_CHECKING:  # its module loads MLflow, which a server of a folder does not need
    from conveyor.server.alias_poller import AliasPoller

log = logging.getLogger(__name__)
KEEP_ALIVE = 75  # seconds of an idle connection; longer than the 60 of usual proxies in front


def serve(
    app: App, access: Access, host: str, port: int, pollers: "Sequence[AliasPoller]", *,
    drain: float,
) -> None:  # fmt: skip
    """Serve until SIGTERM or Ctrl-C. Then no connection is accepted, and open requests are
    finished.

    Args:
        app: its slots hold the models, or are empty until a poller has loaded them.
        pollers: of the model and of the shadow; none for a model that never changes.
        drain: seconds that the open requests may take.

    Raises:
        InputError: the address is taken, or no first model can be loaded.
    """
    with _listen(host, port) as listening:
        config = uvicorn.Config(
            _without_late_responses(app.asgi(access)),
            http="h11",
            log_level="warning",
            access_log=False,
            log_config=None,  # the handlers of this process, which may write JSON
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=ceil(drain),
            server_header=False,
        )
        server = uvicorn.Server(config)

        def stop_server() -> None:
            server.should_exit = True

        for poller in pollers:
            poller.start(on_failure=stop_server)
        log.info("%s is served on http://%s:%d", app.slot.name, *listening.getsockname()[:2])
        try:
            # uvicorn raises the signal that stopped it again.
            with suppress(KeyboardInterrupt, SystemExit):
                server.run(sockets=[listening])
        finally:
            for poller in pollers:
                poller.stop()
            app.close()
    for poller in pollers:
        if poller.is_required and poller.failure is not None and app.slot.current is None:
            raise InputError(poller.failure)
    log.info("the server has stopped")


def _without_late_responses(app: ASGIApp) -> ASGIApp:
    """Drop a response to a connection that uvicorn has ended, since what came was no HTTP; it would
    log a traceback for it, and any client could fill the log."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(h11.LocalProtocolError):
            await app(scope, receive, send)

    return run


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket with the protocol TCP set.

    asyncio switches off Nagle's algorithm only on such a socket; on one of `socket.create_server`
    a response waits 40 ms for the client's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
    except OSError as error:
        listening.close()
        reason = error.strerror or error
        raise InputError(
            f"cannot listen on {host}:{port}: {reason}. Choose another --port or --host"
        ) from None
    return listening
