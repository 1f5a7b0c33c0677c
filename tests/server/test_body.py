"""Bodies that end late or never, and lengths that are none of theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from conveyor.errors import InputError
from conveyor.server.body import parse_body, read_body

Receive = Callable[[], Awaitable[dict[str, Any]]]


async def never() -> dict[str, Any]:
    await asyncio.sleep(60)
    return {}


async def disconnect() -> dict[str, Any]:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("length", ["3", "-1", "\xb2", "", "9" * 5000])
def test_a_length_of_json_that_is_no_part_of_the_body_is_refused(length: str) -> None:
    message = "inference-header-content-length: expected a whole number from 0 to 2, the body's"
    with pytest.raises(InputError, match=message):
        parse_body(bytearray(b"{}"), length)


@pytest.mark.parametrize(
    ("rest", "status", "message"),
    [(never, 408, "request body: expected all of it within 0.05 seconds; got 8 bytes"),
     (disconnect, 400, "the connection was closed before its end")],
)  # fmt: skip
def test_a_body_that_does_not_end_is_refused(rest: Receive, status: int, message: str) -> None:
    parts = [{"type": "http.request", "body": b'{"inputs', "more_body": True}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else await rest()

    scope = {"type": "http", "method": "POST", "headers": [], "path": "/invocations"}
    with pytest.raises(HTTPException) as refusal:
        asyncio.run(read_body(Request(scope, receive), 1000, 0.05))
    assert refusal.value.status_code == status
    assert message in refusal.value.detail
