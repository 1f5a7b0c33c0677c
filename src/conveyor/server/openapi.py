"""The description of the HTTP interface, in OpenAPI 3.1, with the schemas of the served model."""

import json
from collections.abc import Mapping
from importlib.metadata import version as package_version
from typing import Any

from conveyor.errors import InputError
from conveyor.raw_row import sequence_of, static_of
from conveyor.server import mlflow_protocol, schemas, v2
from conveyor.server.access import OPEN_PATHS
from conveyor.server.body import Body
from conveyor.server.example_request import mlflow_body, v2_body
from conveyor.server.inspect import INSPECT
from conveyor.server.live_model import LiveModel
from conveyor.server.parsed_request import ParsedRequest
from conveyor.server.session_routes import OPEN, SESSION
from conveyor.serving.example import to_json

CONTENT = ("schema", "example")
INVOCATIONS, INFER = "/invocations", "/v2/models/{name}/infer"
ANSWERS = "An answer for each row, in their order"
# The paths that are read: what each answers.
READ_PATHS = {
    "/ping": "Status 200 when the model is loaded, 503 before",
    "/health": "As /ping",
    "/version": "The version of MLflow",
    "/metrics": "Metrics in Prometheus's text format",
    "/openapi.json": "This description",
    "/docs": "This description as a page",
    "/": "A page to try the model",
    "/v2": "Name, version and extensions of the server",
    "/v2/health/live": "Status 200 while the server runs",
    "/v2/health/ready": "Status 200 when the model is loaded, 503 before",
    "/v2/models/{name}": "Version, tensors and parameters of the model",
    "/v2/models/{name}/ready": "Status 200 when the model is loaded, 503 before",
    "/v2/models/{name}/versions/{version}": "As /v2/models/{name}, for the version that serves",
    "/v2/models/{name}/versions/{version}/ready": "Status 200 if this version serves",
}
REFUSALS = {
    "400": "A row or a field cannot be read; the message says which, and what was expected",
    "413": "The body is larger than --body-limit",
    "415": "The body has another media type, or is compressed",
    "503": "The model is still being loaded, or, for /inspect, another row is being inspected",
}
# Those of sessions, beside these.
SESSION_REFUSALS = {
    "404": "There is no such session: it was ended, had no request for --session-idle seconds, or "
    "the server was restarted",
    "409": "Another request to the session is being read, or the session has read another number "
    "of steps than `after`",
    "429": "So many sessions are open as --sessions allows",
}
SESSION_PATHS = {
    OPEN: "Begin a row that comes step by step",
    SESSION: "Read the next steps of a row, and answer it as far as it has come",
}
END_SESSION = "End a row that comes step by step"


def describe_server(live: LiveModel, needs_token: bool) -> dict[str, Any]:
    """Return the description; its examples are the model's example and the answer to it."""
    model = live.model
    body, tensors = mlflow_body(model), v2_body(model)
    paths: dict[str, Any] = {
        INVOCATIONS: {
            "post": _operation(
                f"Predict, in MLflow's protocol. {_describe_columns(live)}",
                (schemas.mlflow_request(model), body),
                (schemas.mlflow_response(model), _answer(live, body, mlflow_protocol)),
                "MlflowError",
            )
        },
        INFER: {
            "parameters": _parameters(INFER, live),
            "post": _operation(
                "Predict, in KServe's V2 protocol",
                (schemas.v2_request(model), tensors),
                (schemas.v2_response(model), _answer(live, tensors, v2)),
                "V2Error",
            ),
        },
    }
    paths[INSPECT] = {
        "post": _operation(
            "Look inside the network while it reads one row, sent as to /invocations: gates and "
            "states as plots of Plotly, which the page at / draws",
            (schemas.mlflow_request(model), body),
            (schemas.INSPECTION,),
            "MlflowError",
            answer="Row, answer, notes, and the plots of each layer",
        )
    }
    paths |= _describe_sessions(live)
    for path, summary in READ_PATHS.items():
        operation: dict[str, Any] = {
            "summary": summary,
            "responses": {"200": {"description": "OK"}},
        }
        if path in OPEN_PATHS:
            operation["security"] = []
        paths[path] = {"parameters": _parameters(path, live), "get": operation}
    description: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": live.name,
            "version": live.version,
            "description": f"Served by conveyor {package_version('conveyor')}. Folder of the "
            f"model: SHA-256 {live.digest}",
        },
        "paths": paths,
        "components": {
            "schemas": {
                "MlflowError": schemas.object_of(
                    {"error_code": {"type": "string"}, "message": {"type": "string"}}
                ),
                "V2Error": schemas.object_of({"error": {"type": "string"}}),
            }
        },
    }
    if needs_token:
        scheme = {"token": {"type": "http", "scheme": "bearer"}}
        description["components"]["securitySchemes"] = scheme
        description["security"] = [{"token": []}]
    return description


def _answer(live: LiveModel, body: Any, protocol: Any) -> Any:
    """Return the response to a body in a protocol, one of the two modules."""
    request: ParsedRequest = protocol.parse_request(Body(body), live.model)
    return json.loads(protocol.format_response(live, request.predict(live.model), request).content)


def _describe_sessions(live: LiveModel) -> dict[str, Any]:
    """Describe the paths of sessions; none where the model cannot read a row step by step."""
    model = live.model
    try:
        stream = model.streaming.start(static_of(model.example))
    except InputError:
        return {}
    begin: dict[str, Any] = {"session": "EXAMPLE", "steps": 0, "model_version": live.version}
    static = {"static": to_json(dict(static_of(model.example)))} if model.static.names else {}
    steps = to_json(sequence_of(model.example))
    answer = stream.read(steps).records()[0]
    answered = {**begin, "steps": stream.steps, "prediction": answer}
    parameter = {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}
    refusals = REFUSALS | SESSION_REFUSALS
    return {
        OPEN: {
            "post": _operation(SESSION_PATHS[OPEN], (schemas.session_request(model), static),
                               (schemas.session_response(), begin), "MlflowError",
                               "The session, which has read no step yet", refusals),
        },
        SESSION: {
            "parameters": [parameter],
            "post": _operation(SESSION_PATHS[SESSION],
                               (schemas.steps_request(model), {"steps": steps, "after": 0}),
                               (schemas.session_response(model), answered), "MlflowError",
                               "The answer to all steps so far", refusals),
            "delete": {"summary": END_SESSION, "responses": {"200": {"description": "OK"}}},
        },
    }  # fmt: skip


def _operation(
    summary: str, request: tuple[Any, Any], response: tuple[Any, ...], error: str,
    answer: str = ANSWERS, refusals: Mapping[str, str] = REFUSALS,
) -> dict[str, Any]:  # fmt: skip
    """Describe an operation; request and response are each a schema and mostly an example."""
    refusal = {"application/json": {"schema": {"$ref": f"#/components/schemas/{error}"}}}
    return {
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": dict(zip(CONTENT, request, strict=True))},
        },
        "responses": {
            "200": {
                "description": answer,
                "content": {"application/json": dict(zip(CONTENT, response, strict=False))},
            },
            **{code: {"description": text, "content": refusal} for code, text in refusals.items()},
        },
    }


def _describe_columns(live: LiveModel) -> str:
    """Say in which other columns the model also reads rows."""
    names = [" and ".join(layout.names) for layout in live.model.layouts[1:]]
    others = [name for name in names if name != live.model.encoder.column]
    return f"Also reads the column {', or '.join(others)}" if others else ""


def _parameters(path: str, live: LiveModel) -> list[dict[str, Any]]:
    values = {"name": live.name, "version": live.version}
    return [
        {"name": name, "in": "path", "required": True, "schema": {"const": value}}
        for name, value in values.items()
        if f"{{{name}}}" in path
    ]
