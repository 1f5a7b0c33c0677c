"""Starts the server, and stops it without losing requests."""

import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from conveyor.errors import InputError
from conveyor.server.app import App
from conveyor.server.live_model import ModelSlot
from conveyor.server.request_log import RequestLog

if TYPE_CHECKING:  # its module loads MLflow, which a server of a folder does not need
    from conveyor.server.alias_poller import AliasPoller

log = logging.getLogger(__name__)
GRACE = 20  # seconds that open requests may take after the signal to stop
KEEP_ALIVE = 75  # seconds of an idle connection; longer than the 60 of usual proxies in front


@dataclass(frozen=True)
class Settings:
    """Options of the server.

    Attributes:
        body_limit: largest request body, in bytes.
        threads: requests that are served at the same time; None for one per core.
        request_log: where a sample of the requests is recorded.
    """

    host: str
    port: int
    body_limit: int
    threads: int | None
    request_log: RequestLog


def serve(settings: Settings, slot: ModelSlot, poller: "AliasPoller | None") -> None:
    """Serve until SIGTERM or Ctrl-C; open requests are finished first.

    Args:
        slot: holds the model, or is empty until the poller has loaded one.
        poller: None for a model that never changes.

    Raises:
        InputError: the address is taken, or no first model can be loaded.
    """
    with _listen(settings.host, settings.port) as listening:
        threads = settings.threads or os.cpu_count() or 1
        app = App(slot, settings.body_limit, threads, settings.request_log)
        server = uvicorn.Server(_configure(app))

        def stop_server() -> None:
            server.should_exit = True

        if poller is not None:
            poller.start(on_failure=stop_server)
        log.info("%s is served on http://%s:%d", slot.name, *listening.getsockname()[:2])
        try:
            # uvicorn raises the signal that stopped it again.
            with suppress(KeyboardInterrupt, SystemExit):
                server.run(sockets=[listening])
        finally:
            if poller is not None:
                poller.stop()
            app.pool.shutdown()
            settings.request_log.flush()
    if poller is not None and poller.failure is not None and slot.current is None:
        raise InputError(poller.failure)
    log.info("the server has stopped")


def _configure(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app.asgi(),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )


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
