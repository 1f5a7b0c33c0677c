"""Hypothesis's strategies for requests that a model cannot or should not answer."""

import copy
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.server.in_process import Request

HUGE = 10**400
# What has ended in an error before, or is at the edge of a type.
EDGES: list[Any] = [
    "\ud83d", "", " ", "\u200b", "a\udc00b", "\x00", "=1+1", "[1, 2]", "nan", "1e400", None, True,
    HUGE, -HUGE, 2**63, 2**64, 1e38, -3e38, 1e39, float("nan"), float("inf"), 0, -1, 1.7,
    "2024-01-01", "good morning", [], {}, [[]], [None], {"a": 1}, [HUGE], ["a", 1], "\ud83d" * 50,
]  # fmt: skip
SCALARS = st.one_of(
    st.sampled_from(EDGES),
    st.text(st.characters(exclude_categories=[]), max_size=8),
    st.integers(),
    st.floats(),
)
NAMES = st.text(st.characters(exclude_categories=[]), max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
DEPTHS = st.sampled_from([5, 33, 70, 500, 900, 100_000])
MEDIA_TYPES = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "application/octet-stream", "text/csv",
     "application/x-www-form-urlencoded", "multipart/form-data", "APPLICATION/JSON", "", ";",
     "\xff", "application/json, text/plain"]
)  # fmt: skip
HEADERS = [
    ("content-encoding", "gzip"), ("inference-header-content-length", "3"),
    ("content-encoding", ""), ("accept", "text/html"), ("x-model-version", "\xff"),
]  # fmt: skip
PATHS = [
    "/v2/models/model/versions/1/infer", "/v2/models/model/versions/2/infer", "/v2/models/x/infer",
    "/v2/models/model/versions/\ud7ff/infer", "/v2/models//infer", "/invocations/", "/\u00e9",
    "/ping", "/inspect/", "/sessions/", "/sessions/none", "/sessions/\u00e9",
]  # fmt: skip
BRACKETS = [("[", "]"), ('{"a":', "}"), ('{"inputs":[', "]}"), ('{"inputs":', "}")]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all nodes of a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def replace(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replace(value[path[0]], path[1:], new)
    return changed


@st.composite
def mutated(draw: st.DrawFn, valid: list[Any]) -> Any:
    """A valid JSON value in which up to two nodes are replaced, doubled, renamed or removed."""
    value = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(list(places(value))))
        node = value
        for key in path:
            node = node[key]
        value = replace(value, path, draw(changed(node)))
    return value


@st.composite
def changed(draw: st.DrawFn, node: Any) -> Any:
    change = draw(st.integers(0, 6))
    if change == 0 and isinstance(node, list):
        return [*node, *node]
    if change == 1 and isinstance(node, dict):
        return {draw(NAMES): inner for inner in node.values()}
    if change == 2 and isinstance(node, list) and node:
        return node[: draw(st.integers(0, len(node) - 1))]
    if change == 2 and isinstance(node, dict) and node:
        gone = draw(st.sampled_from(list(node)))
        return {key: inner for key, inner in node.items() if key != gone}
    if change in (3, 4) and isinstance(node, list):  # a column, or the rows of one
        return [draw(st.sampled_from(EDGES)) for _ in node]
    return draw(st.sampled_from(EDGES) if change > 1 else VALUES)


@st.composite
def encoded(draw: st.DrawFn, value: Any) -> bytes:
    """JSON in some encoding, sometimes damaged."""
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    encoding = draw(st.sampled_from(["utf-8"] * 4 + ["utf-16", "utf-32-le", "utf-8-sig"]))
    content = text.encode(encoding, "surrogatepass")
    damage = draw(st.integers(0, 9))
    if damage == 0:
        return content[: draw(st.integers(0, len(content)))]
    if damage == 1:
        return content + draw(st.binary(max_size=5))
    return content


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + closing * depth).encode()


@st.composite
def binary_tail(draw: st.DrawFn) -> bytes:
    """Bytes that are, or nearly are, tensors of Triton's extension."""
    texts = draw(st.lists(st.binary(max_size=5), max_size=3))
    tail = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return tail + draw(st.binary(max_size=4))


@st.composite
def with_binary(draw: st.DrawFn, body: Any) -> tuple[bytes, tuple[str, str]]:
    """A body whose inputs are, or nearly are, binary tensors, and the header of its length."""
    tail = draw(binary_tail())
    sizes = st.sampled_from([len(tail), 0, -1, 2**40, "8", None, True])
    if isinstance(body, dict) and isinstance(body.get("inputs"), list):
        inputs = [
            {**{k: v for k, v in each.items() if k != "data"},
             "parameters": {"binary_data_size": draw(sizes)}}
            if isinstance(each, dict) else each for each in body["inputs"]
        ]  # fmt: skip
        body = {**body, "inputs": inputs}
    head = json.dumps(body).encode()
    lengths = st.sampled_from([str(len(head))] * 3 + ["0", "-1", "\xb2", "", "x", str(HUGE)])
    return head + tail, ("inference-header-content-length", draw(lengths))


@st.composite
def requests(draw: st.DrawFn, bodies: Mapping[str, list[Any]]) -> Request:
    """A request to one of the paths.

    Args:
        bodies: valid bodies by path; those of V2 may become binary.
    """
    path = draw(st.sampled_from(list(bodies)))
    valid, is_v2 = bodies[path], path.startswith("/v2")
    headers, method, content = [("content-type", "application/json")], "POST", None
    match draw(st.integers(0, 19)):
        case 0:
            headers = [("content-type", draw(MEDIA_TYPES))]
        case 1:
            headers.append(draw(st.sampled_from(HEADERS)))
        case 2:
            path = draw(st.sampled_from(PATHS))
        case 3:
            method = draw(st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]))
        case 4:
            content = nested(draw(DEPTHS), *draw(st.sampled_from(BRACKETS)))
        case 5:
            content = draw(st.binary(max_size=50))
        case 6:
            content = draw(encoded(draw(VALUES)))
        case 7 | 8 | 9 if is_v2:
            content, header = draw(with_binary(draw(mutated(valid))))
            headers.append(header)
        case _:
            pass
    if content is None:
        content = draw(encoded(draw(mutated(valid))))
    return Request(path, content, tuple(headers), method)
