"""Sessions: rows that come step by step, with the states of the network after their last step."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from conveyor.errors import InputError
from conveyor.server.live_model import LiveModel
from conveyor.serving import Predictions, RowError

if TYPE_CHECKING:  # its module loads onnx, which few servers need
    from conveyor.serving.stream import Stream

OPEN_FIELDS, READ_FIELDS = ("static",), ("steps", "after")


@dataclass
class Session:
    """A row that comes step by step.

    Attributes:
        live: the version that answers it until its end, whatever serves meanwhile.
        stream: its steps, and the states after them.
        used: time of its last request, by the clock of `Sessions`.
        lock: held by the request whose steps are read.
    """

    name: str
    live: LiveModel
    stream: "Stream"
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self, predictions: Predictions | None = None) -> bytes:
        """Return a response: the steps that have been read, and the answer to them, if any."""
        answer = {} if predictions is None else {"prediction": predictions.records()[0]}
        own = {"session": self.name, "steps": self.stream.steps}
        response = {**own, **answer, "model_version": self.live.version}
        return json.dumps(response, ensure_ascii=False).encode()


class Sessions:
    """Keeps the open sessions of a server.

    Args:
        limit: sessions that are open at the same time.
        idle_seconds: without a request, after which a session ends.
        clock: in seconds.

    Attributes:
        opened, expired: sessions so far.
        steps: that were read so far, in all sessions.
    """

    def __init__(
        self, limit: int, idle_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit, self.idle_seconds, self._clock = limit, idle_seconds, clock
        self.opened = self.expired = self.steps = 0
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def count(self) -> int:
        """Return how many sessions are open."""
        with self._lock:
            self._expire()
            return len(self._open)

    def open(self, live: LiveModel, body: Any) -> Session:
        """Open a session of the model that serves.

        Args:
            body: of the request, an object that may have `static`, the values of static columns.

        Raises:
            HTTPException: 429: too many are open.
            InputError: the model cannot read a row step by step, or the body is another one.
        """
        static = _read_object(body, OPEN_FIELDS).get("static")
        if not isinstance(static, dict | None):
            raise InputError(
                "static: expected an object with a value for each static column; got "
                f"{json.dumps(static)[:40]}"
            )
        try:
            stream = live.model.streaming.start(static)
        except RowError as error:
            raise InputError(f"static: {error.reason}") from None
        with self._lock:
            self._expire()
            if len(self._open) >= self.limit:
                raise HTTPException(
                    429,
                    f"expected fewer than {self.limit} open sessions; got another. End one, or "
                    "start the server with more --sessions",
                )
            session = Session(secrets.token_urlsafe(16), live, stream, self._clock())
            self._open[session.name] = session
            self.opened += 1
        return session

    def find(self, name: str) -> Session:
        """Return an open session, and count this as its last use.

        Raises:
            HTTPException: 404: there is none of this name.
        """
        with self._lock:
            self._expire()
            session = self._open.get(name)
            if session is None:
                raise HTTPException(
                    404,
                    f"session {name[:40]!r} not found: it was ended, had no request for "
                    f"{self.idle_seconds:g} seconds, or the server was restarted. Open another one",
                )
            session.used = self._clock()
        return session

    def close(self, name: str) -> Session:
        """End a session, and return it.

        Raises:
            HTTPException: 404: there is none of this name.
        """
        session = self.find(name)
        with self._lock:
            self._open.pop(name, None)
        return session

    def read(self, session: Session, body: Any) -> bytes:
        """Read the next steps of a session, and return the response.

        Args:
            body: an object with `steps`, and where the client wants it `after`, the number of steps
                that it has sent before.

        Raises:
            HTTPException: 409: another request to the session is being read, or it has read
                another number of steps than `after`.
            InputError: the body is another one, or the steps cannot be read. The session is then as
                it was before.
        """
        fields = _read_object(body, READ_FIELDS)
        if "steps" not in fields:
            raise InputError("request body: expected an object with `steps`; got none")
        after = fields.get("after")
        if not isinstance(after, int | None) or isinstance(after, bool):
            raise InputError(
                "after: expected a whole number, that of the steps sent before; got "
                f"{json.dumps(after)[:40]}. Change it, or leave it out"
            )
        if not session.lock.acquire(blocking=False):
            raise HTTPException(
                409,
                "another request to this session is being read; send its steps one request after "
                "the other",
            )
        try:
            before = session.stream.steps
            if after not in (None, before):
                raise HTTPException(
                    409, f"after: expected {before}, the steps read so far; got {after}"
                )
            try:
                predictions = session.stream.read(fields["steps"])
            except RowError as error:
                raise InputError(f"steps: {error.reason}") from None
            with self._lock:
                self.steps += session.stream.steps - before
            return session.describe(predictions)
        finally:
            session.lock.release()

    def _expire(self) -> None:
        """End the sessions without a recent request. The caller holds the lock."""
        oldest = self._clock() - self.idle_seconds
        for session in [s for s in self._open.values() if s.used < oldest and not s.lock.locked()]:
            del self._open[session.name]
            self.expired += 1


def _read_object(body: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a body.

    Raises:
        InputError: it is no object, or has another field.
    """
    expected = f"request body: expected an object with {' and '.join(map(repr, names))} only"
    if not isinstance(body, dict):
        raise InputError(f"{expected}; got no object")
    if others := [name for name in body if name not in names]:
        raise InputError(f"{expected}; got {others[0][:40]!r}")
    return body
