"""Texts as tokens, which have no white space in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class TokenText:
    """A text and its tokens.

    Attributes:
        bounds: of each token the number of its first character, and of the one after its last.
    """

    text: str
    bounds: list[tuple[int, int]]

    @classmethod
    def of_tokens(cls, tokens: Sequence[str]) -> "TokenText":
        """The text of given tokens.

        >>> TokenText.of_tokens(["to", "Oslo"])
        TokenText(text='to Oslo', bounds=[(0, 2), (3, 7)])
        """
        text = join_tokens(tokens)
        return cls(text, find_pieces(text))

    @property
    def tokens(self) -> list[str]:
        return [self.text[start:end] for start, end in self.bounds]


def find_pieces(text: str) -> list[tuple[int, int]]:
    """Return the bounds of the pieces between white space.

    >>> find_pieces(" two pieces")
    [(1, 4), (5, 11)]
    """
    return [match.span() for match in TOKEN.finditer(text)]


def join_tokens(tokens: Sequence[str]) -> str:
    """Return the text of given tokens, with a space between them; `split_tokens` gives them
    back."""
    return " ".join(tokens)


def split_tokens(text: str) -> list[str]:
    """Return the tokens of a text in which they are given, between white space."""
    return text.split()


def is_token(value: object) -> bool:
    """Return whether a value is a text without white space, and not empty."""
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None
