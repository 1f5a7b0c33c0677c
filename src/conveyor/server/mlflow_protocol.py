"""MLflow's scoring protocol: the requests and responses of `mlflow models serve`."""

import json
from itertools import chain
from typing import Any

from conveyor.errors import InputError
from conveyor.server.body import Body
from conveyor.server.live_model import LiveModel
from conveyor.server.parsed_request import FormattedResponse, ParsedRequest, parse_columns
from conveyor.serving import LoadedModel, Predictions
from conveyor.serving.layout import find_layout

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
JSON_TYPES = {list: "list", str: "string", bool: "boolean", type(None): "null"}


def parse_request(request: Body, model: LoadedModel) -> ParsedRequest:
    """Return the raw rows of a request, in their order.

    Like MLflow, this ignores `params`, which our models do not have, and columns other than the
    model's.

    Raises:
        InputError: the body has none of the four formats, or a row lacks a column.
    """
    body = request.value
    if request.tensors:
        raise InputError("request body: expected JSON alone; got binary tensors behind it")
    formats = [name for name in FORMATS if name in body] if isinstance(body, dict) else []
    if len(formats) != 1:
        raise InputError(
            f"request body: expected an object with exactly one of {', '.join(FORMATS)}; "
            f"got {_describe(body)}"
        )
    name = formats[0]
    value = body[name]
    if name == "dataframe_split":
        return parse_columns(body, _parse_split(value), model, f"{name}.columns")
    if name == "dataframe_records":
        records = _parse_records(_require_list(value, name), model, name)
        return parse_columns(body, records, model, name)
    return parse_rows(body, value, model, name)


def parse_rows(body: Any, value: Any, model: LoadedModel, place: str) -> ParsedRequest:
    """Return the raw rows of an object of columns, of a list of objects, or of a list of rows.

    Args:
        place: names the value in a message.

    Raises:
        InputError: it is none of these, or lacks a column.
    """
    if isinstance(value, dict):
        columns = {column: _require_list(v, f"{place}.{column}") for column, v in value.items()}
        return parse_columns(body, columns, model, place)
    rows = _require_list(value, place)
    if not any(isinstance(row, dict) for row in rows):
        return ParsedRequest(body, rows)
    return parse_columns(body, _parse_records(rows, model, place), model, place)


def list_answers(predictions: Predictions, request: ParsedRequest) -> list[dict[str, Any]]:
    """Return the answer for each row, with the ids of series."""
    records = predictions.records()
    if request.ids is None:
        return records
    return [{"id": i, **r} for i, r in zip(request.ids, records, strict=True)]


def format_response(
    live: LiveModel, predictions: Predictions, request: ParsedRequest
) -> FormattedResponse:
    """Return MLflow's `predictions`, and the version that made them."""
    answers = list_answers(predictions, request)
    response = {"predictions": answers, "model_version": live.version}
    return FormattedResponse(json.dumps(response, ensure_ascii=False).encode())


def _parse_split(value: Any) -> dict[str, list[Any]]:
    if not isinstance(value, dict) or "columns" not in value or "data" not in value:
        raise InputError(
            f"dataframe_split: expected an object with `columns` and `data`; got {_describe(value)}"
        )
    names = list(map(str, _require_list(value["columns"], "dataframe_split.columns")))
    rows = _require_list(value["data"], "dataframe_split.data")
    for number, row in enumerate(rows):
        if len(_require_list(row, f"row {number}")) != len(names):
            raise InputError(f"row {number}: expected {len(names)} values; got {len(row)} values")
    return {name: [row[position] for row in rows] for position, name in enumerate(names)}


def _parse_records(rows: list[Any], model: LoadedModel, field: str) -> dict[str, list[Any]]:
    """Columns of objects. In a wide table an object may end before the others."""
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(f"row {number}: expected an object; got {_describe(row)}")
    if not rows:
        raise InputError(f"{field}: expected at least one row; got none")
    layout, names = find_layout(model.layouts, dict.fromkeys(chain.from_iterable(rows)), field)
    required = layout.static.names if layout.is_wide else names
    for number, row in enumerate(rows):
        missing = [name for name in required if name not in row]
        if missing:
            raise InputError(
                f"row {number}: expected an object with {missing[0]!r}; got {_describe(row)}"
            )
    return {name: [row.get(name) for row in rows] for name in names}


def _require_list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{field}: expected a list; got {_describe(value)}")
    return value


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(value) or 'no key'}"
    return f"a {JSON_TYPES.get(type(value), 'number')}"
