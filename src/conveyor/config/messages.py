"""Pydantic's errors in this project's form: FIELD: got X; expected Y (where to change it)."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Origin = Callable[[str], str]  # dotted key -> the file in which it stands

PATTERN = "String should match pattern"


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
        path = tuple(_without_union_tags(detail, values))
        dotted = ".".join(map(str, path))
        reason = _reason(detail, path, kind)
        lines.append(f"  {dotted}: {reason} (change it in {origin(dotted)})" if path
                     else f"  {reason}")  # fmt: skip
    return "\n".join(lines)


def _reason(detail: ErrorDetails, path: tuple[str | int, ...], kind: type[BaseModel]) -> str:
    value = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(path[-1]), _names_near(path, kind), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"there is no such setting{hint}"
        case "missing":
            return "missing; a value is needed"
        case "password":
            return detail["msg"]  # without the value
        case _:
            text = _expectation(detail["msg"])
            # A section is too long to be repeated in a message.
            return text if isinstance(value, Mapping | BaseModel) else f"got {value!r}; {text}"


def _expectation(message: str) -> str:
    """Pydantic's "Input should be X" as "expected X"; a validator's own message as it is."""
    if message.startswith("Value error, "):
        return message.removeprefix("Value error, ")
    if message.startswith(PATTERN):
        return f"expected a match of{message.removeprefix(PATTERN)}"
    text = re.sub(r", unable to parse .*| or instance of .*", "", message)
    text = re.sub(r"^Input should be a valid (?=[aeiou])", "expected an ", text)
    text = re.sub(r"^Input should be a valid ", "expected a ", text)
    text = re.sub(r"^Input should be (?=greater|less)", "expected a number ", text)
    text = re.sub(r"^Input should be ", "expected ", text)
    return text[0].lower() + text[1:]


def _without_union_tags(detail: ErrorDetails, values: Mapping[str, Any]) -> Iterator[str | int]:
    """Pydantic puts the tag of a union into the path (`dataset.text.columns`); people don't."""
    node: Any = values
    parts = detail["loc"]
    for i, part in enumerate(parts):
        inside = isinstance(node, Mapping) and part in node
        if isinstance(node, list) and isinstance(part, int) and part < len(node):
            inside = True
        last = i == len(parts) - 1
        if not inside and isinstance(node, Mapping) and not last and part in node.values():
            continue  # a tag: its value stands in the node itself
        if not inside and last and detail["type"] not in ("missing", "extra_forbidden"):
            if isinstance(node, Mapping) and part in node.values():
                continue
            if not isinstance(node, Mapping | list):
                continue  # the arm of a plain union (`str`, `list[str]`)
        yield part
        if inside:
            node = node[part]  # type: ignore[index]
        elif not last:
            node = None


def _names_near(path: tuple[str | int, ...], kind: type[BaseModel]) -> list[str]:
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
