"""Texts as tokens: the pieces between white space."""

import re
from collections.abc import Sequence

TOKEN = re.compile(r"\S+")


def find_tokens(text: str) -> list[tuple[int, int]]:
    """Return the first character of each token, and the one after its last.

    >>> find_tokens(" two tokens")
    [(1, 4), (5, 11)]
    """
    return [match.span() for match in TOKEN.finditer(text)]


def join_tokens(sequence: str | Sequence[str]) -> str:
    """Return a text as it is, and a list of tokens with a space between them."""
    return sequence if isinstance(sequence, str) else " ".join(sequence)


def is_token(value: object) -> bool:
    """Return whether a value is a text without white space, and not empty."""
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None
