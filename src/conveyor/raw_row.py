"""A raw row: a sequence alone, or a sequence and the values of static columns beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conveyor.tokens import join_tokens

MISSING = float("nan")  # of a static number; a missing category is None
MAX_NUMBER = float(np.finfo(np.float32).max)  # a larger one is infinite for the network
MAX_SCALED = 1e15  # sums and squares of larger inputs may be infinite in the network


@dataclass(frozen=True)
class Row:
    """A row of a data set that has static columns; without them a row is its sequence alone.

    Attributes:
        sequence: a text, a list of tokens, or a series (steps, channels).
        static: values by column. Those of a checked row are a float for a number, `MISSING` where
            there is none, and a text or None for a category.
    """

    sequence: Any
    static: Mapping[str, Any]


def sequence_of(row: Any) -> Any:
    """Return the sequence of a row of either kind."""
    return row.sequence if isinstance(row, Row) else row


def static_of(row: Any) -> Mapping[str, Any]:
    """Return the static values of a row of either kind."""
    return row.static if isinstance(row, Row) else {}


def to_text(sequence: Any) -> str | None:
    """Return a text, or tokens with a space between them; None for a series."""
    if isinstance(sequence, str):
        return sequence
    is_tokens = isinstance(sequence, list) and all(isinstance(item, str) for item in sequence)
    return join_tokens(sequence) if is_tokens else None


def sequence_to_plain(sequence: Any) -> Any:
    """Return a text or a list of tokens as it is, and a series as lists of steps."""
    return sequence if to_text(sequence) is not None else np.asarray(sequence).tolist()


def to_plain(row: Any) -> Any:
    """Return a row of either kind as values of JSON; `from_plain` reads them."""
    if not isinstance(row, Row):
        return sequence_to_plain(row)
    return {"sequence": sequence_to_plain(row.sequence), "static": dict(row.static)}


def from_plain(value: Any) -> Any:
    return Row(**value) if isinstance(value, dict) else value


def to_bytes(row: Any) -> bytes:
    """Return the content of a checked row of either kind; equal rows have equal bytes."""
    sequence = sequence_of(row)
    text = to_text(sequence)
    content = np.ascontiguousarray(sequence).tobytes() if text is None else text.encode()
    static = static_of(row)
    return content + repr(sorted(static.items())).encode() if static else content


def sequences_of(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the sequences of rows, which are all of one kind."""
    return [row.sequence for row in rows] if len(rows) and isinstance(rows[0], Row) else rows
