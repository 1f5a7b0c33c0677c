"""Tells others of an event: a command, or a URL, gets it as JSON."""

import json
import logging
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from conveyor.config import Hook, Hooks

log = logging.getLogger(__name__)

VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


class NotDelivered(Exception):
    """One attempt failed; the message holds no secret."""


@dataclass(frozen=True)
class Delivery:
    """What came of one receiver.

    Attributes:
        to: which one, without what may be secret: the program's name, or the URL's host.
        error: of the last attempt; None where it was delivered.
    """

    to: str
    attempts: int
    error: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def notify(config: Hooks, event: str, payload: Mapping[str, Any]) -> list[Delivery]:
    """Call every receiver with `{"event": event, **payload}`; failures are retried and returned.

    Never raises for a receiver that fails: what happened has happened, and the others must hear.
    """
    body = json.dumps({"event": event, **payload}, sort_keys=True, ensure_ascii=False).encode()
    return [_deliver(hook, body, config) for hook in config.calls]


def _deliver(hook: Hook, body: bytes, config: Hooks) -> Delivery:
    call, to, error = (_run if hook.command else _post), shown(hook), None
    for attempt in range(1, config.retries + 2):
        if attempt > 1:
            time.sleep(config.wait * 2 ** (attempt - 2))
        try:
            call(hook, body, config.timeout)
        except NotDelivered as failed:
            error = str(failed)
            log.warning("hook %s, attempt %d: %s", to, attempt, error)
        else:
            return Delivery(to, attempt, None)
    return Delivery(to, config.retries + 1, error)


def shown(hook: Hook) -> str:
    """A receiver without what may be secret: paths and queries hold tokens, as do arguments."""
    if hook.command:
        return os.path.basename(hook.command[0])
    parts = urlsplit(hook.url or "")
    return f"{parts.scheme}://{parts.netloc}/…"


def _run(hook: Hook, body: bytes, timeout: float) -> None:
    command = [_expanded(part) for part in hook.command or ()]
    try:
        # What it says may hold secrets, so it is not shown.
        done = subprocess.run(command, input=body, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=timeout, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotDelivered(f"no end within {timeout:g} s") from None
    except OSError as error:
        raise NotDelivered(f"cannot start: {error.strerror}") from None
    if done.returncode != 0:
        raise NotDelivered(f"exit code {done.returncode}")


def _post(hook: Hook, body: bytes, timeout: float) -> None:
    try:
        request = urllib.request.Request(
            _expanded(hook.url or ""), body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=timeout).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise NotDelivered(f"HTTP status {error.code}") from None
    except (OSError, ValueError, HTTPException) as error:
        # Its text may repeat the URL, so only its kind is told.
        cause = getattr(error, "reason", None) or error
        raise NotDelivered(f"no answer: {type(cause).__name__}") from None


def _expanded(text: str) -> str:
    """`$NAME` and `${NAME}` from the environment; one that is not set is an error, not empty."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in os.environ:
            raise NotDelivered(f"the environment variable {name} is not set")
        return os.environ[name]

    return VARIABLE.sub(value, text)
