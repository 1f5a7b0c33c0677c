"""Reads the JSON files that describe a folder, and refuses those that it does not know."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from conveyor.config.messages import explain_first
from conveyor.errors import InputError

M = TypeVar("M", bound=BaseModel)


class FormatError(InputError):
    """A file is missing or damaged, or another version of the program wrote it.

    Attributes:
        problem: the message without the sentence that says how to make the file anew.
    """

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.problem = f"{path}: {problem}"
        super().__init__(f"{self.problem}. {remedy}")


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        remedy: sentence that says how to make the file anew.

    Raises:
        FormatError: the file is missing, or holds something else.
    """
    require_file(path, remedy)
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:  # of JSON, or of UTF-8
        raise FormatError(path, f"expected JSON; got a damaged file ({error})", remedy) from None
    if not isinstance(value, dict):
        raise FormatError(path, f"expected a JSON object; got {str(value)[:80]!r}", remedy)
    return value


def require_file(path: Path, remedy: str) -> None:
    """Raises: FormatError: there is no such file."""
    if not path.is_file():
        raise FormatError(path, "expected a file; got none", remedy)


def read_format(
    values: Mapping[str, Any], supported: Sequence[int], path: Path, remedy: str
) -> int:
    """Return the number under `format`; files of the first format have none.

    Raises:
        FormatError: it is none of `supported`.
    """
    number = values.get("format", 1)
    if number not in supported:
        formats = " or ".join(map(str, supported))
        raise FormatError(path, f"expected format {formats}; got format {number}", remedy)
    return number


def check(kind: type[M], values: Mapping[str, Any], path: Path, remedy: str) -> M:
    """Check the values of a file.

    Raises:
        FormatError: a value is missing, unknown or not allowed; the message names the first one.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise FormatError(path, explain_first(error, values), remedy) from None
