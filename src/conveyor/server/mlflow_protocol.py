"""MLflow's scoring protocol: the requests and responses of `mlflow models serve`."""

from typing import Any

from conveyor.encoding import Encoder
from conveyor.errors import InputError
from conveyor.server.live_model import LiveModel
from conveyor.serving import Predictions

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
JSON_TYPES = {list: "list", str: "string", bool: "boolean", type(None): "null"}


def parse_rows(body: Any, encoder: Encoder) -> list[Any]:
    """Return the raw rows of a request, in their order.

    Args:
        body: the parsed JSON. Like MLflow, this ignores `params`, which our models do not have,
            and columns other than the encoder's.

    Raises:
        InputError: the body has none of the four formats, or a row lacks the column.
    """
    column = encoder.column
    formats = [name for name in FORMATS if name in body] if isinstance(body, dict) else []
    if len(formats) != 1:
        raise InputError(
            f"request body: expected an object with exactly one of {', '.join(FORMATS)}; "
            f"got {_describe(body)}"
        )
    name = formats[0]
    value = body[name]
    if name == "dataframe_split":
        return _parse_split(value, column)
    if name == "dataframe_records":
        return _parse_records(_require_list(value, name), column)
    if isinstance(value, dict):
        if column not in value:
            raise InputError(f"{name}: expected the key {column!r}; got {_describe(value)}")
        return _require_list(value[column], f"{name}.{column}")
    rows = _require_list(value, name)
    return _parse_records(rows, column) if any(isinstance(r, dict) for r in rows) else rows


def format_response(live: LiveModel, predictions: Predictions, body: Any) -> dict[str, Any]:
    """Return MLflow's `predictions`, and the version that made them."""
    del body  # MLflow's requests have no options
    return {"predictions": predictions.records(), "model_version": live.version}


def _parse_split(value: Any, column: str) -> list[Any]:
    if not isinstance(value, dict) or "columns" not in value or "data" not in value:
        raise InputError(
            f"dataframe_split: expected an object with `columns` and `data`; got {_describe(value)}"
        )
    columns = _require_list(value["columns"], "dataframe_split.columns")
    if column not in columns:
        raise InputError(f"dataframe_split.columns: expected {column!r} among them; got {columns}")
    position, rows = columns.index(column), []
    for number, row in enumerate(_require_list(value["data"], "dataframe_split.data")):
        if len(_require_list(row, f"row {number}")) != len(columns):
            raise InputError(f"row {number}: expected {len(columns)} values; got {len(row)} values")
        rows.append(row[position])
    return rows


def _parse_records(rows: list[Any], column: str) -> list[Any]:
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or column not in row:
            raise InputError(
                f"row {number}: expected an object with {column!r}; got {_describe(row)}"
            )
    return [row[column] for row in rows]


def _require_list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{field}: expected a list; got {_describe(value)}")
    return value


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(value) or 'no key'}"
    return f"a {JSON_TYPES.get(type(value), 'number')}"
