"""Real clients of a real server: Triton's library, slow ones, and many at once."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from server_process import Server, ask, until

from conveyor.data.store import Prepared

PARALLEL = 200
SLOW = 60  # clients that stop in the middle of a request


@pytest.fixture
def client(servers: dict[str, Server], request: pytest.FixtureRequest) -> Iterator[Any]:
    connection = servers[request.param].connect()
    client = triton.InferenceServerClient(f"{connection.host}:{connection.port}")
    yield client
    client.close()


def plain(server: Server, rows: list[Any]) -> list[dict[str, Any]]:
    return server.ask("/invocations", {"inputs": rows})[1]["predictions"]


@pytest.mark.parametrize("client", ["words"], indirect=True)
@pytest.mark.parametrize("is_binary", [True, False])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_tritons_client_gets_answers_for_texts(
    servers: dict[str, Server], client: Any, shape: tuple[int, ...], is_binary: bool
) -> None:
    texts = ["good morning", "bad Ünïcode 😀", "nobody knows these"]
    tensor = triton.InferInput("text", list(shape), "BYTES")
    content = [text.encode() for text in texts] if is_binary else texts
    tensor.set_data_from_numpy(np.array(content, object).reshape(shape), binary_data=is_binary)
    expected = plain(servers["words"], texts)
    for outputs in (None, [triton.InferRequestedOutput(name, binary_data=is_binary)
                           for name in ("label", "probabilities")]):  # fmt: skip
        answer = client.infer("words", [tensor], request_id="7", outputs=outputs)
        labels = answer.as_numpy("label").tolist()
        assert [x.decode() if isinstance(x, bytes) else x for x in labels] == [
            record["label"] for record in expected
        ]
        shares = [[record["probabilities"][name] for name in ("no", "yes")] for record in expected]
        np.testing.assert_array_equal(answer.as_numpy("probabilities"), np.float32(shares))
        assert answer.get_response()["id"] == "7"


@pytest.mark.parametrize("client", ["toys"], indirect=True)
@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
@pytest.mark.parametrize("is_binary", [True, False])
def test_tritons_client_gets_answers_for_series(
    servers: dict[str, Server], client: Any, toys: Prepared, datatype: str, is_binary: bool
) -> None:
    rows = [row.tolist() for row in toys.split("test").rows[:4]]
    lengths = np.array([[len(row)] for row in rows], np.int32)
    padded = np.zeros((len(rows), lengths.max(), 2), {"FP32": "f4", "FP64": "f8"}[datatype])
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    inputs = [triton.InferInput("series", list(padded.shape), datatype),
              triton.InferInput("lengths", list(lengths.shape), "INT32")]  # fmt: skip
    for tensor, values in zip(inputs, (padded, lengths), strict=True):
        tensor.set_data_from_numpy(values, binary_data=is_binary)
    answer = client.infer("toys", inputs)
    expected = plain(servers["toys"], rows)
    probabilities = np.float32([record["probability"] for record in expected])
    np.testing.assert_array_equal(answer.as_numpy("probability"), probabilities)


@pytest.mark.parametrize("client", ["words"], indirect=True)
def test_tritons_client_learns_of_server_model_and_version(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    [version] = client.get_model_metadata("words")["versions"]
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.is_model_ready("words", version)
    assert client.get_model_metadata("words", version)["name"] == "words"
    tensor = triton.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"good"], object))
    assert client.infer("words", [tensor], version).get_response()["model_version"] == version
    assert not client.is_model_ready("words", "9")
    with pytest.raises(triton.InferenceServerException, match="version '9' not found"):
        client.infer("words", [tensor], "9")
    with pytest.raises(triton.InferenceServerException, match="content encoding: expected a plain"):
        client.infer("words", [tensor], request_compression_algorithm="gzip")


# Changes of a valid tensor, or of the request, and what the refusal says.
TEXT = {"name": "text", "datatype": "BYTES", "shape": [2, 1], "data": ["good", "bad"]}
REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"parameters": {"content_type": "base64"}}, {}, "text: expected base64 of text in UTF-8"),
    ({"data": ["gA=="] * 2, "parameters": {"content_type": "base64"}}, {}, "got gA=="),
    ({"parameters": {"content_type": "hg_jsonl"}}, {}, "text: expected content_type str or base64"),
    ({}, {"parameters": {"content_type": "hg_jsonl"}}, "parameters: expected content_type np"),
    ({"parameters": {"shared_memory_region": "x"}}, {}, "shared_memory_region is not supported"),
    ({"parameters": {"binary_data_size": 8}}, {}, "expected binary_data_size of at most 0 bytes"),
    ({"parameters": [1]}, {}, "text, parameters: expected an object; got [1]"),
    ({"shape": [2, 2]}, {}, "text: expected a shape of 1 whole numbers; got [2, 2]"),
    ({"shape": [3]}, {}, "text: expected `data` of datatype BYTES and shape [3]"),
    ({"name": ["a"]}, {}, "inputs, 0: expected an object with a `name` of its own; got none"),
    ({"data": None}, {}, "text: expected a list `data`, or binary data; got None"),
    ({}, {"inputs": [TEXT, TEXT]}, "a `name` of its own; got that of another"),
    ({}, {"outputs": 5}, "outputs: expected a list of objects"),
    ({}, {"outputs": [{"name": ["label"]}]}, "outputs: expected some of label, probability"),
    ({}, {"outputs": [{"name": "label", "parameters": {"classification": 2}}]}, "classification"),
    ({}, {"parameters": {"sequence_id": 3}}, "sequence_id is not supported"),
    ({}, {"id": 7}, "id: expected a text"),
]  # fmt: skip


@pytest.mark.parametrize(("tensor", "request_changes", "message"), REFUSED)
def test_what_v2_allows_and_is_not_served_is_refused(
    servers: dict[str, Server], tensor: dict[str, Any], request_changes: dict[str, Any],
    message: str,
) -> None:  # fmt: skip
    body = {"inputs": [{**TEXT, **tensor}], **request_changes}
    status, answer, _ = servers["words"].ask("/v2/models/words/infer", body)
    assert status == 400
    assert message in answer["error"]


def test_base64_is_decoded(servers: dict[str, Server]) -> None:
    texts = ["good morning", "bad 😀"]
    data = [base64.b64encode(text.encode()).decode() for text in texts]
    tensor = {**TEXT, "data": data, "parameters": {"content_type": "base64"}}
    _, answer, _ = servers["words"].ask("/v2/models/words/infer", {"inputs": [tensor]})
    probabilities = {output["name"]: output["data"] for output in answer["outputs"]}["probability"]
    assert probabilities == [r["probability"] for r in plain(servers["words"], texts)]


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [("content-type", "text/csv", "content type: expected application/json or application/octet"),
     ("content-encoding", "gzip", "content encoding: expected a plain body; got gzip")],
)  # fmt: skip
def test_other_media_types_are_refused(
    servers: dict[str, Server], header: str, value: str, message: str
) -> None:
    status, answer, _ = servers["words"].ask("/v2/models/words/infer", {}, **{header: value})
    assert status == 415
    assert answer["error"].startswith(message)


def test_clients_that_stop_in_a_request_keep_nobody_waiting(servers: dict[str, Server]) -> None:
    server = servers["words"]
    connection = server.connect()
    slow = [socket.create_connection((connection.host, connection.port)) for _ in range(SLOW)]
    for number, each in enumerate(slow):
        head = b"POST /invocations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        each.sendall(head[: None if number % 2 else 20])
        if number % 2:
            each.sendall(b'content-length: 30\r\n\r\n{"inputs"')
    start = time.monotonic()
    assert len(plain(server, ["good"])) == 1
    assert time.monotonic() - start < 5
    for each in slow:
        each.close()
    assert len(plain(server, ["good"])) == 1
    assert "Traceback" not in server.output


def test_two_hundred_requests_at_once_are_all_answered(servers: dict[str, Server]) -> None:
    server = servers["words"]
    texts = [f"good {'morning ' * (i % 7)}" for i in range(PARALLEL)]
    expected = plain(server, texts)

    def request(number: int) -> dict[str, Any]:
        connection = server.connect()
        status, answer, _ = ask(connection, "/invocations", {"inputs": [texts[number]]})
        connection.close()
        assert status == 200
        return answer["predictions"][0]

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(request, range(PARALLEL)))
    assert [answer["label"] for answer in answers] == [each["label"] for each in expected]


POST = b"POST /invocations HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("host", [b"localhost", b"elsewhere"])
@pytest.mark.parametrize(
    "content",
    [b"\x00" * 200, POST + b"content-length: x\r\n\r\n", POST + b"content-length: -1\r\n\r\n",
     POST + b"transfer-encoding: chunked\r\n\r\nZZ\r\n",
     b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"],
    ids=["zeros", "a length of letters", "a negative length", "a chunk of letters", "long path"],
)  # fmt: skip
def test_what_is_no_request_ends_its_connection_only(
    servers: dict[str, Server], content: bytes, host: bytes
) -> None:
    server = servers["toys"]
    connection = server.connect()
    with socket.create_connection((connection.host, connection.port), timeout=20) as raw:
        raw.sendall(content.replace(b"%s", host))
        until(lambda: raw.recv(10_000) == b"", 20)
    assert server.ask("/ping")[0] == 200
    assert "Traceback" not in server.output


def test_a_text_of_a_mebibyte_is_answered_within_seconds(servers: dict[str, Server]) -> None:
    start = time.monotonic()
    body = json.dumps({"inputs": ["good morning " * 80_000, "😀" * 200_000]}).encode()
    assert servers["words"].ask("/invocations", body)[0] == 200
    assert time.monotonic() - start < 10
