"""What a network reads of a token: its word, its case and its characters, as integers."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config.dataset import TextEncoding

PADDING, UNKNOWN = 0, 1  # of words and of characters
WORD, CASE, FIRST_CHARACTER = 0, 1, 2  # columns
LOWER, TITLE, UPPER, MIXED, NO_LETTERS = range(1, 6)  # cases; 0 is padding
CASES = 6


@dataclass(frozen=True)
class Normaliser:
    """How a token becomes a word of the vocabulary: as the options of the encoding say."""

    lowercase: bool
    form: Any
    strip_accents: bool

    @classmethod
    def of(cls, config: TextEncoding) -> "Normaliser":
        return cls(config.lowercase, config.normalise, config.strip_accents)

    def apply(self, token: str) -> str:
        if self.form != "none":
            token = unicodedata.normalize(self.form.upper(), token)
        if self.strip_accents:
            letters = unicodedata.normalize("NFD", token)
            token = "".join(c for c in letters if unicodedata.category(c) != "Mn")
        return token.lower() if self.lowercase else token


def find_case(token: str) -> int:
    """Return the case of a token.

    >>> find_case("New") == TITLE, find_case("USA") == UPPER, find_case("7") == NO_LETTERS
    (True, True, True)
    """
    if token.islower():
        return LOWER
    if token.isupper():
        return UPPER if len(token) > 1 else TITLE
    if token[:1].isupper() and token[1:].islower():
        return TITLE
    return MIXED if any(map(str.isalpha, token)) else NO_LETTERS


def describe_token(
    token: str, normaliser: Normaliser, vocabulary: Mapping[str, int], alphabet: Mapping[str, int],
    characters: int,
) -> NDArray[np.int32]:  # fmt: skip
    """Return the integers of a token, (2 + characters,): of a longer one the first half of the
    characters and the last, since endings tell much."""
    values = np.zeros(FIRST_CHARACTER + characters, np.int32)
    values[WORD] = vocabulary.get(normaliser.apply(token), UNKNOWN)
    values[CASE] = find_case(token)
    if characters:
        letters = [alphabet.get(character, UNKNOWN) for character in token]
        if len(letters) > characters:
            start = characters // 2
            letters = letters[:start] + letters[len(letters) - characters + start :]
        values[FIRST_CHARACTER : FIRST_CHARACTER + len(letters)] = letters
    return values
