"""Bodies of requests: read within limits of size and time, and parsed strictly."""

import asyncio
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from conveyor.encoding.characters import find_surrogate
from conveyor.errors import InputError

JSON_TYPE, BINARY_TYPE = "application/json", "application/octet-stream"
JSON_LENGTH = "inference-header-content-length"  # header of bodies with binary tensors
BODY_SECONDS = 60.0  # in which a client must have sent its request
WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")  # int() raises at thousands of digits
# Half of a pair of surrogates is no character: no text in UTF-8 can hold it.
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Body:
    """A body: JSON, and the binary tensors behind it, if there are any."""

    value: Any
    tensors: bytes = b""


def check_headers(request: Request, media_types: Collection[str]) -> None:
    """Raise an HTTPException if the body has another media type, or is compressed."""
    content_type = request.headers.get("content-type", JSON_TYPE)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in media_types:
        expected = " or ".join(media_types)
        raise HTTPException(415, f"content type: expected {expected}; got {media_type}")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise HTTPException(415, f"content encoding: expected a plain body; got {encoding}")


async def read_body(request: Request, limit: int, seconds: float) -> bytearray:
    """Return the whole body.

    Raises:
        HTTPException: 413 as soon as it, or the size in its header, has more than `limit` bytes;
            408 if it takes more than `seconds`; 400 if the client goes away.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            if int(request.headers.get("content-length", 0)) <= limit:
                async for part in request.stream():
                    body += part
                    if len(body) > limit:
                        break
                else:
                    return body
    except TimeoutError:
        raise HTTPException(
            408,
            f"request body: expected all of it within {seconds:g} seconds; got {len(body)} bytes",
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, "request body: the connection was closed before its end") from None
    raise HTTPException(
        413,
        f"request body: expected at most {limit} bytes; got more. Send fewer rows in a request, or "
        "start the server with a larger --body-limit",
    )


def parse_body(content: bytearray, json_length: str | None) -> Body:
    """Parse the JSON of a body.

    Args:
        json_length: its bytes, where binary tensors follow it, as the header says; else None.

    Raises:
        InputError: it is not valid JSON in UTF-8, UTF-16 or UTF-32, or `json_length` is no part of
            the body's length.
    """
    if json_length is None:
        return Body(_parse_json(bytes(content)))
    length = int(json_length) if WHOLE_NUMBER.fullmatch(json_length) else -1
    if not 0 <= length <= len(content):
        raise InputError(
            f"{JSON_LENGTH}: expected a whole number from 0 to {len(content)}, the body's length; "
            f"got {json_length[:40]!r}"
        )
    return Body(_parse_json(bytes(content[:length])), bytes(content[length:]))


def _parse_json(content: bytes) -> Any:
    try:
        text = content.decode(json.detect_encoding(content))
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"request body is not valid JSON: {error}") from None
    if SURROGATE_ESCAPE.search(text):  # pairs of them are usual
        _require_whole_characters(value)
    return value


def _require_whole_characters(value: Any) -> None:
    """Raise an InputError if a text within a JSON value has half of a pair of surrogates."""
    waiting: list[tuple[str, Any]] = [("request body", value)]
    while waiting:  # a loop, since a value may be nested deeper than calls can be
        place, node = waiting.pop()
        if isinstance(node, str):
            if half := find_surrogate(node):
                raise InputError(
                    f"{place}: expected text of whole characters; got {half}, half of a pair of "
                    "surrogates"
                )
        elif isinstance(node, list):
            waiting += ((f"{place}, {number}", item) for number, item in enumerate(node))
        elif isinstance(node, dict):
            waiting += (("a key of an object", key) for key in node)
            waiting += ((f"{place}, {key}", item) for key, item in node.items())
