"""Start, serve, stop."""

import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from conveyor.errors import InputError
from conveyor.server.app import App, Log
from conveyor.server.ask import Ask
from conveyor.server.live_model import Slot, Watcher

log = logging.getLogger(__name__)
GRACE = 20  # seconds for the requests under way when the server is told to stop
KEEP_ALIVE = 75  # seconds of an idle connection; longer than the 60 of usual proxies in front


@dataclass(frozen=True)
class Settings:
    """What is served, and where.

    Attributes:
        body_limit: bytes of a request.
        threads: requests that are answered at once.
    """

    name: str
    alias: str
    host: str
    port: int
    body_limit: int
    threads: int | None
    notes: Log | None


def serve(settings: Settings, ask: Ask) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first.

    Args:
        ask: a process that tells versions, started already.

    Raises:
        InputError: the address is taken, or there is nothing to serve.
    """
    listening = _listen(settings.host, settings.port)
    slot = Slot(settings.name)
    watcher = Watcher(slot, ask, on_failure=lambda: os.kill(os.getpid(), signal.SIGTERM))
    watcher.start()
    threads = settings.threads or os.cpu_count() or 1
    app = App(slot, body_limit=settings.body_limit, threads=threads, notes=settings.notes)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        app.pool.shutdown()

    config = uvicorn.Config(
        app.asgi(lifespan), log_level="warning", access_log=False, lifespan="on",
        timeout_keep_alive=KEEP_ALIVE, timeout_graceful_shutdown=GRACE, server_header=False,
    )  # fmt: skip
    host, port = listening.getsockname()[:2]
    log.info("%s@%s on http://%s:%d", settings.name, settings.alias, host, port)
    try:
        # uvicorn ends in the signal that stopped it, raised again.
        with suppress(KeyboardInterrupt, SystemExit):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        watcher.stop()
        if settings.notes is not None:
            settings.notes.flush()
    if slot.failure is not None and slot.current is None:
        raise InputError(slot.failure)
    log.info("stopped")


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket that says that it is TCP.

    asyncio sends small packets at once only on such a one; on the sockets of
    `socket.create_server` an answer waits 40 ms for the client's delayed acknowledgement.
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
            f"cannot listen on {host}:{port}: {reason}; choose another --port or --host"
        ) from None
    return listening
