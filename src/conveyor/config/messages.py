"""Pydantic's errors in this project's form: FIELD: expected X; got Y. Where to change it."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Origin = Callable[[str], str]  # dotted key -> the file in which it stands

DISCRIMINATORS = ("kind", "by")  # fields whose value chooses the class of their section
# Pydantic's wording -> this project's. The rules apply in this order.
REWORDINGS = (
    (r"^Value error, ", ""),
    (r", unable to parse .*| or instance of .*| after validation, not \d+$", ""),
    (r"^String should match pattern ", "expected a match of "),
    (r"^Input should be a valid (?=[aeiou])", "expected an "),
    (r"^Input should be a valid ", "expected a "),
    (r"^Input should be (?=greater|less)", "expected a number "),
    (r"^(Input should be|\w+ should have) ", "expected "),
)


def explain(
    error: ValidationError, kind: type[BaseModel], values: Mapping[str, Any], origin: Origin
) -> str:
    """Describe every bad field of an error, one a line.

    Args:
        kind: the class that refused `values`.
        origin: names the file in which a dotted key stands.
    """
    lines = ["the configuration is not valid:"]
    for detail in error.errors():
        path = _keys(detail, values)
        dotted = ".".join(map(str, path))
        reason = _reason(detail, path, kind)
        if not path:
            lines.append(f"  {reason}")
            continue
        stop = "" if reason.endswith("?") else "."
        lines.append(f"  {dotted}: {reason}{stop} Change it in {origin(dotted)}")
    return "\n".join(lines)


def suggest(name: str, names: Sequence[str]) -> str:
    """Return `; did you mean NAME?` with the name that resembles `name`; empty if none does."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _reason(detail: ErrorDetails, path: list[str | int], kind: type[BaseModel]) -> str:
    value, message = detail["input"], detail["msg"]
    match detail["type"]:
        case "extra_forbidden":
            return f"there is no such setting{suggest(str(path[-1]), _names_near(path, kind))}"
        case "missing":
            return "expected a value; got none"
        case "secret":
            return message  # without the value, which may contain a password
    for pattern, replacement in REWORDINGS:
        message = re.sub(pattern, replacement, message)
    # A section is too long to be repeated in a message.
    repeated = "; got " in message or isinstance(value, Mapping | BaseModel)
    return message if repeated else f"{message}; got {value!r}"


def _keys(detail: ErrorDetails, values: Mapping[str, Any]) -> list[str | int]:
    """The keys that lead to a bad field.

    Pydantic's location also names the arms of unions, as in `dataset.text.columns`.
    """
    node: Any = values
    keys: list[str | int] = []
    for i, part in enumerate(detail["loc"], start=1):
        is_last = i == len(detail["loc"])
        if isinstance(node, Mapping):
            if not is_last and part in [node.get(field) for field in DISCRIMINATORS]:
                continue
            inside = part in node
        else:
            inside = isinstance(node, list) and isinstance(part, int)
        node = node[part] if inside else node  # type: ignore[index]
        if inside or (is_last and detail["type"] == "missing"):
            keys.append(part)
    return keys


def _names_near(path: list[str | int], kind: type[BaseModel]) -> list[str]:
    """Field names of the section in which `path` ends."""
    models: list[type[BaseModel]] = [kind]
    for part in path[:-1]:
        fields = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        models = [m for field in fields for m in _models_in(field.annotation)]
    return [name for m in models for name in m.model_fields]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
