"""The error of a raw row that cannot be encoded."""

from typing import Any

from conveyor.errors import InputError


def describe_kind(value: Any) -> str:
    """Say in a message what a value is that is none of the expected kind; null is none at all."""
    return "none" if value is None else f"a value of type {type(value).__name__}"


class RowError(InputError):
    """A raw row that cannot be encoded; the message says what was expected and what it is.

    Attributes:
        reason: the message without the row's number.
        row: position among the rows of the call, from 0; None where there is only one. Rows of a
            file are counted from 1 in messages, those of a request from 0.
    """

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(reason if row is None else f"row {row}: {reason}")
        self.reason, self.row = reason, row
