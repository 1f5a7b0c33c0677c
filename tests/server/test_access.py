"""Who is let in: by address, by token, by the name under which a request calls the server."""

import asyncio
import hmac
import socket
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from server_process import Server, ask, serving

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.server import access as access_module
from conveyor.server.access import OPEN_PATHS, Access, AccessCheck, choose_access
from conveyor.server.app import App
from conveyor.server.live_model import ModelSlot
from conveyor.server.metrics import RequestMetrics
from conveyor.server.request_log import RequestLog

TOKEN = "0123456789abcdef"
FOREIGN = ("0.0.0.0", "::", "192.0.2.7")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def call(access: Access, path: str = "/v2", **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of a request to a server without a model."""
    app = App(ModelSlot("toys"), 1000, 1, RequestLog(Path("unused"), 0.0, 1, 1, False))
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
             "query_string": b"", "headers": pairs, "http_version": "1.1", "scheme": "http",
             "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    asyncio.run(app.asgi(access)(scope, receive, send))
    start = answers[0]
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_loopback_address_needs_no_token(host: str) -> None:
    access = choose_access(host, None, no_token=False, allowed_hosts=[])
    assert call(access, host="127.0.0.1:5001")[0] == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_address_needs_a_token_or_the_word_that_there_is_none(
    host: str, token_file: Path
) -> None:
    with pytest.raises(InputError, match=rf"--host {host}: expected --token-file .*--no-token"):
        choose_access(host, None, no_token=False, allowed_hosts=[])
    assert choose_access(host, None, no_token=True, allowed_hosts=[]).token is None
    access = choose_access(host, token_file, no_token=False, allowed_hosts=[])
    assert access.token == TOKEN.encode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}0", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer", 401),
        ("Bearer é", 401),
        ("", 401),
    ],
)
def test_a_token_lets_in_only_those_who_have_it(authorization: str, status: int) -> None:
    access = Access(TOKEN.encode(), None)
    answer, headers = call(access, host="anything", authorization=authorization)
    assert answer == status
    assert ("www-authenticate" in headers) == (status == 401)


@pytest.mark.parametrize(
    "path",
    ["/version", "/v2", "/v2/models/toys", "/invocations", "/nothing", "/docs", "/openapi.json"],
)
def test_only_health_metrics_and_the_page_answer_without_the_token(path: str) -> None:
    access = Access(TOKEN.encode(), None)
    assert call(access, path, host="localhost")[0] == 401
    assert {call(access, open_path, host="localhost")[0] for open_path in OPEN_PATHS} == {
        200, 503,  # live, the page, metrics; ready, without a model
    }  # fmt: skip


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    original = hmac.compare_digest

    def compare(sent: bytes, token: bytes) -> bool:
        compared.append((sent, token))
        return original(sent, token)

    monkeypatch.setattr(access_module.hmac, "compare_digest", compare)
    for value in (f"Bearer {TOKEN}", "Bearer x", "Basic x", ""):
        Access(TOKEN.encode(), None).has_token(value)
    assert [token for _, token in compared] == [TOKEN.encode()] * 4


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:5001", True),
        ("127.0.0.1:5001", True),
        ("10.1.2.3", True),  # of a browser that was given the address itself
        ("[::1]:5001", True),
        (socket.gethostname(), True),
        ("models.example.org", True),
        ("models.example.org.:80", True),
        ("evil.example", False),
        ("localhost.evil.example:5001", False),
        ("127.0.0.1.evil.example", False),
        ("xmodels.example.org", False),
    ],
)
def test_a_foreign_name_is_refused_where_there_is_no_token(host: str, is_allowed: bool) -> None:
    access = choose_access("127.0.0.1", None, no_token=False, allowed_hosts=["Models.example.org"])
    assert call(access, host=host)[0] == (200 if is_allowed else 403)


def test_names_count_beside_a_token_only_where_some_are_listed(token_file: Path) -> None:
    for names, status in (([], 200), (["a.example"], 403)):
        access = choose_access("0.0.0.0", token_file, no_token=False, allowed_hosts=names)
        assert call(access, host="b.example", authorization=f"Bearer {TOKEN}")[0] == status


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "got No such file"),
        (b"", "got 0 characters"),
        (b"short", "got 5 characters"),
        (b"0123456789abcdef 0123456789abcdef", "white space between"),
        (b"0123456789abcdef\n0123456789abcdef", "white space between"),
        ("0123456789abcdéf".encode(), "beyond ASCII"),
    ],
)
def test_a_file_without_a_usable_token_is_refused_and_not_quoted(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as raised:
        choose_access("0.0.0.0", path, no_token=False, allowed_hosts=[])
    assert "0123" not in str(raised.value)


def test_a_server_for_other_machines_asks_for_its_token(
    toy_product: Path, tmp_path: Path, token_file: Path
) -> None:
    project = Paths(tmp_path)
    folder = ("--model", str(toy_product), "--host", "0.0.0.0")
    refused = Server(project, tmp_path / "refused", *folder)
    assert refused.process.wait(60) == 2
    assert "expected --token-file FILE with it" in refused.output
    records = ("--log-share", "1", "--log-rows", "--log-folder", str(tmp_path / "records"))
    options = (*folder, *records, "--token-file", str(token_file))
    body = {"inputs": {"series": [[[0.0, 0.0], [1.0, 1.0]]]}}
    with serving(project, tmp_path / "log", *options) as server:
        connection = server.connect()
        for headers, expected in (({}, 401), ({"authorization": f"Bearer {TOKEN}"}, 200)):
            assert ask(connection, "/invocations", body, **headers)[0] == expected
    assert TOKEN not in server.output
    (record,) = (tmp_path / "records").iterdir()
    assert pq.read_table(record).num_rows == 1
    assert TOKEN.encode() not in record.read_bytes()


def test_the_check_stands_before_all_routes() -> None:
    app = App(ModelSlot("toys"), 1, 1, RequestLog(Path("unused"), 0.0, 1, 1, False))
    assert [m.cls for m in app.asgi(Access(None, None)).user_middleware] == [
        RequestMetrics,  # which counts those whom the check refuses
        AccessCheck,
    ]
