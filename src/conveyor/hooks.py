"""Sends an event as JSON to commands and URLs."""

import json
import logging
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from conveyor.config import Hook, Hooks
from conveyor.secrets import MissingVariable, expand_variables

log = logging.getLogger(__name__)


class NotDelivered(Exception):
    """One attempt to deliver an event failed; the message contains no secret."""


@dataclass(frozen=True)
class Delivery:
    """The result of sending one event to one hook.

    Attributes:
        to: the hook, without parts that may be secret: the program's name or the URL's host.
        attempts: number of attempts made.
        error: the error of the last attempt; None if the event was delivered.
    """

    to: str
    attempts: int
    error: str | None


def notify(config: Hooks, event: str, payload: Mapping[str, Any]) -> list[Delivery]:
    """Send `{"event": event, **payload}` to each hook; retry failures, and return them.

    It never raises for a hook that fails, so that the others still get the event.
    """
    body = json.dumps({"event": event, **payload}, sort_keys=True, ensure_ascii=False).encode()
    return [_deliver(hook, body, config) for hook in config.calls]


def _deliver(hook: Hook, body: bytes, config: Hooks) -> Delivery:
    send, to, error = (_run if hook.command else _post), hook_name(hook), None
    for attempt in range(1, config.retries + 2):
        if attempt > 1:
            time.sleep(config.wait * 2 ** (attempt - 2))
        try:
            send(hook, body, config.timeout)
        except NotDelivered as failure:
            error = str(failure)
            log.warning("hook %s failed in attempt %d: %s", to, attempt, error)
        else:
            return Delivery(to, attempt, None)
    return Delivery(to, config.retries + 1, error)


def hook_name(hook: Hook) -> str:
    """The hook without a URL's path and query and a command's arguments: they hold tokens."""
    if hook.command:
        return os.path.basename(hook.command[0])
    parts = urlsplit(hook.url or "")
    return f"{parts.scheme}://{parts.netloc}/…"


def _run(hook: Hook, body: bytes, timeout: float) -> None:
    command = [_expand(part) for part in hook.command or ()]
    try:
        # The output may contain secrets, so it is dropped.
        process = subprocess.run(
            command,
            input=body,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotDelivered(f"the command did not end within {timeout:g} s") from None
    except OSError as error:
        raise NotDelivered(f"the command cannot start: {error.strerror}") from None
    if process.returncode != 0:
        raise NotDelivered(f"the command ended with exit code {process.returncode}")


def _post(hook: Hook, body: bytes, timeout: float) -> None:
    url = _expand(hook.url or "")
    try:
        response = requests.post(
            url, body, headers={"Content-Type": "application/json"}, timeout=timeout
        )
    except (requests.RequestException, ValueError) as error:
        # The message may repeat the URL, so only the type of the error is reported.
        raise NotDelivered(f"the request failed with {type(error).__name__}") from None
    if not response.ok:
        raise NotDelivered(f"the response has HTTP status {response.status_code}")


def _expand(text: str) -> str:
    try:
        return expand_variables(text)
    except MissingVariable as error:
        raise NotDelivered(str(error)) from None
