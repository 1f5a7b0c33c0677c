"""Who is let in: by address, by token, by the name under which a request calls the server."""

import asyncio
import hmac
import re
import socket
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from server_process import Server, ask, serving
from starlette.routing import Route

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.server import access as access_module
from conveyor.server.access import Access, AccessCheck, choose_access
from conveyor.server.app import App
from conveyor.server.live_model import ModelSlot
from conveyor.server.metrics import RequestMetrics
from conveyor.server.request_log import RequestLog

TOKEN = "0123456789abcdef"
# By path, of a server without a model.
STATUSES_WITHOUT_TOKEN = {
    "/ping": 503, "/health": 503, "/v2/health/ready": 503, "/v2/health/live": 200, "/metrics": 200,
    "/": 200, "/page.js": 200, "/page.css": 200, "/plots.js": 200, "/plotly.js": 200,
}  # fmt: skip
FOREIGN = ("0.0.0.0", "::", "192.0.2.7")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def make_app() -> App:
    """An app without a model."""
    return App(ModelSlot("toys"), 1000, 1, RequestLog(Path("unused"), 0.0, 1, 1, False))


def call(
    access: Access, path: str = "/v2", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str]]:
    """Status and headers of a request to a server without a model."""
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(),
             "query_string": b"", "headers": pairs, "http_version": "1.1", "scheme": "http",
             "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    asyncio.run(make_app().asgi(access)(scope, receive, send))
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


def test_each_route_needs_the_token_but_health_metrics_and_the_page() -> None:
    access = Access(TOKEN.encode(), None)
    requests = [("/nothing", "GET"), ("/nothing", "POST")]
    for route in make_app().asgi(access).routes:
        assert isinstance(route, Route)  # others may have routes of their own
        path = re.sub(r"{\w+}", "toys", route.path)
        requests += [(path, method) for method in route.methods or ()]
    assert {*STATUSES_WITHOUT_TOKEN} < {path for path, _ in requests}
    for path, method in requests:
        status, _ = call(access, path, method, host="localhost")
        assert (path, method, status) == (path, method, STATUSES_WITHOUT_TOKEN.get(path, 401))
        status, _ = call(access, path, method, host="localhost", authorization=f"Bearer {TOKEN}")
        assert status != 401


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
    assert [m.cls for m in make_app().asgi(Access(None, None)).user_middleware] == [
        RequestMetrics,  # which counts those whom the check refuses
        AccessCheck,
    ]
