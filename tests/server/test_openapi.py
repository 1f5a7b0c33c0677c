"""The description of the HTTP interface: valid, and true of the model that serves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from server_process import Server

from conveyor.data.store import Prepared
from conveyor.raw_row import Row
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json, write_example
from tests.server.in_process import InProcess, Request
from tests.server.test_fuzz import mlflow_bodies, v2_bodies
from tests.serving.test_named_columns import CASES, load

JSON = "application/json"


def content_of(description: Any, path: str) -> tuple[Any, Any]:
    """What the description says of a request and of its answer: schema and example of each."""
    operation = description["paths"][path]["post"]
    return (
        operation["requestBody"]["content"][JSON],
        operation["responses"]["200"]["content"][JSON],
    )


@pytest.mark.parametrize("name", ["toys", "words"])
def test_the_examples_are_what_a_client_sends_and_gets(
    servers: dict[str, Server], name: str
) -> None:
    server = servers[name]
    status, description, _ = server.ask("/openapi.json")
    assert status == 200
    OpenAPIV31SpecValidator(description).validate()
    assert description["info"]["title"] == name
    for path in ("/invocations", "/v2/models/{name}/infer"):
        request, response = content_of(description, path)
        status, answer, _ = server.ask(path.replace("{name}", name), request["example"])
        assert (status, answer) == (200, response["example"])
        jsonschema.validate(request["example"], request["schema"])
        jsonschema.validate(answer, response["schema"])


def test_the_example_is_a_row_of_the_data(servers: dict[str, Server], toys: Prepared) -> None:
    _, description, _ = servers["toys"].ask("/openapi.json")
    [row] = content_of(description, "/invocations")[0]["example"]["inputs"]["series"]
    assert row in [to_json(row) for row in toys.split("train").rows]


def test_each_path_that_is_described_exists(servers: dict[str, Server]) -> None:
    server = servers["words"]
    _, description, _ = server.ask("/openapi.json")
    for path, operations in description["paths"].items():
        if "get" in operations:
            values = {p["name"]: p["schema"]["const"] for p in operations.get("parameters", [])}
            assert server.ask(path.format(**values))[0] == 200, path


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, InProcess]]:
    app = InProcess(load(request.param), tmp_path)
    yield request.param, app
    app.close()


def test_what_the_schemas_allow_is_answered_and_what_is_answered_they_allow(
    case: tuple[str, InProcess],
) -> None:
    layout, app = case
    description = app.send(Request("/openapi.json", method="GET")).value
    OpenAPIV31SpecValidator(description).validate()
    request, _ = content_of(description, "/v2/models/{name}/infer")
    for body in v2_bodies(layout):
        names = {tensor["name"] for tensor in body["inputs"]}
        if names <= {"text", "series", "lengths"}:
            jsonschema.validate(body, request["schema"])
    request, _ = content_of(description, "/invocations")
    for body in mlflow_bodies(layout)[-3:]:  # with the general column
        jsonschema.validate(body, request["schema"])
    for body in ({"inputs": {"text": [5]}}, {"inputs": 5}, {"rows": []}, {"inputs": {"other": []}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(body, request["schema"])


def test_the_page_shows_requests_without_a_script_or_an_outside_address(
    servers: dict[str, Server],
) -> None:
    for name in ("toys", "words"):
        status, html, headers = servers[name].ask("/docs")
        assert status == 200
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "<script" not in html
        assert "https://" not in html
        assert "curl 127.0.0.1:" in html


def test_a_markup_in_the_example_is_shown_as_text(word_product: Path, tmp_path: Path) -> None:
    model = LoadedModel.load(word_product)
    model.example = "</pre><script>alert(1)</script>"
    app = InProcess(model, tmp_path)
    html = app.send(Request("/docs", method="GET")).content.decode()
    app.close()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_missing_number_of_the_example_is_null(tmp_path: Path) -> None:
    row = Row("good", {"age": float("nan"), "ward": None})
    assert to_json(row) == {"sequence": "good", "static": {"age": None, "ward": None}}
    write_example(tmp_path, row)
    assert "NaN" not in (tmp_path / "example.json").read_text()
