"""MLflow's scoring protocol: what `mlflow models serve` reads and answers."""

from typing import Any

from conveyor.errors import InputError
from conveyor.server.live_model import Served
from conveyor.serving import Predictions

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def rows_of(body: Any, column: str) -> list[Any]:
    """The rows of a request, in its order.

    Args:
        body: the parsed JSON; `params`, which no model of ours has, is passed over as MLflow does.
        column: the model's only one, `text` or `series`; others are passed over.

    Raises:
        InputError: not one of the four formats, or a row without the column.
    """
    if not isinstance(body, dict):
        raise InputError(f"the body is a JSON {_name(body)}; an object with {_any_of()} is needed")
    given = [name for name in FORMATS if name in body]
    if len(given) != 1:
        came = ", ".join(map(str, body)) or "nothing"
        raise InputError(f"the body holds {came}; exactly one of {_any_of()} is needed")
    value = body[given[0]]
    if given[0] == "dataframe_split":
        return _split(value, column)
    if given[0] == "dataframe_records":
        return _records(_list(value, given[0]), column)
    if isinstance(value, dict):
        if column not in value:
            raise InputError(f"{given[0]} holds {_keys(value)}; the model reads {column!r}")
        return _list(value[column], f"{given[0]}.{column}")
    rows = _list(value, given[0])
    return _records(rows, column) if any(isinstance(r, dict) for r in rows) else rows


def answer(served: Served, answers: Predictions) -> dict[str, Any]:
    """MLflow's `predictions`, and the version that made them."""
    return {"predictions": answers.records(), "model_version": served.version}


def _split(value: Any, column: str) -> list[Any]:
    if not isinstance(value, dict) or "columns" not in value or "data" not in value:
        raise InputError(f"dataframe_split is {_keys(value)}; `columns` and `data` are needed")
    columns = _list(value["columns"], "dataframe_split.columns")
    if column not in columns:
        raise InputError(f"dataframe_split has the columns {columns}; the model reads {column!r}")
    at, found = columns.index(column), []
    for number, row in enumerate(_list(value["data"], "dataframe_split.data")):
        if not isinstance(row, list) or len(row) != len(columns):
            size = len(row) if isinstance(row, list) else _name(row)
            raise InputError(f"row {number} has {size} values; {len(columns)} columns are named")
        found.append(row[at])
    return found


def _records(rows: list[Any], column: str) -> list[Any]:
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or column not in row:
            raise InputError(f"row {number} is {_keys(row)}; an object with {column!r} is needed")
    return [row[column] for row in rows]


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where} is a JSON {_name(value)}; a list is needed")
    return value


def _keys(value: Any) -> str:
    return f"an object with {', '.join(value) or 'nothing'}" if isinstance(value, dict) else (
        f"a JSON {_name(value)}"
    )  # fmt: skip


def _name(value: Any) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _any_of() -> str:
    return ", ".join(FORMATS)
