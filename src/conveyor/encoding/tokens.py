"""Texts whose tokens are given: the pieces between white space, each one step of the network."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.dataset import TextEncoding
from conveyor.encoding.characters import check_characters, is_blank
from conveyor.encoding.encoder import Encoder
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.row_error import RowError
from conveyor.encoding.token_values import (
    PADDING,
    UNKNOWN,
    WORD,
    Normaliser,
    describe_token,
)
from conveyor.tokens import find_tokens, is_token, join_tokens

PADDING_NAME, UNKNOWN_NAME = "[PAD]", "[UNK]"  # no token has a space, and no word is upper case
RARE_CHARACTER = 5  # characters of fewer occurrences have no number of their own


class TokenEncoder(Encoder):
    """Each token as integers: see `token_values.describe_token`.

    Attributes:
        vocabulary: number of each word, from 2.
        characters: that are read of each token.
    """

    kind = "tokens"
    column = "text"
    unit = "tokens"
    unknown_token = UNKNOWN
    tensor_types = ("BYTES",)

    def __init__(
        self, vocabulary: dict[str, int], alphabet: dict[str, int], normaliser: Normaliser, *,
        characters: int, max_length: int,
    ) -> None:  # fmt: skip
        self.vocabulary, self._alphabet, self.normaliser = vocabulary, alphabet, normaliser
        self.characters, self.max_length = characters, max_length

    @classmethod
    def fit(cls, texts: Iterable[str], config: TextEncoding) -> "TokenEncoder":
        """Take the most frequent words, and all frequent characters, of training texts, which are
        read once."""
        counts = Counter[str]()
        for text in texts:
            counts.update(text.split())
        normaliser, frequency, letters = Normaliser.of(config), Counter[str](), Counter[str]()
        for token, count in counts.items():
            frequency[normaliser.apply(token)] += count
            for character in token:
                letters[character] += count
        frequent = [word for word, count in frequency.items() if count >= config.min_frequency]
        frequent.sort(key=lambda word: (-frequency[word], word))
        alphabet = sorted(c for c, count in letters.items() if count >= RARE_CHARACTER)
        return cls(
            _number(frequent[: config.vocabulary - 2]),
            _number(alphabet if config.characters else []),
            normaliser,
            characters=config.characters,
            max_length=config.max_length,
        )

    @property
    def alphabet(self) -> dict[str, int]:
        """The number of each character, from 2."""
        return self._alphabet

    @property
    def size(self) -> dict[str, int]:
        """`vocabulary` and `alphabet`, both with padding and unknown; and `characters`."""
        return {
            "vocabulary": len(self.vocabulary) + 2,
            "alphabet": len(self.alphabet) + 2,
            "characters": self.characters,
        }

    @property
    def tokens(self) -> dict[str, int]:
        """The number of each word, padding and unknown included."""
        return {PADDING_NAME: 0, UNKNOWN_NAME: UNKNOWN, **self.vocabulary}

    @property
    def shortest_sequence(self) -> str:
        """One letter."""
        return "a"

    @property
    def tensor_shape(self) -> list[int]:
        """(rows,)."""
        return [-1]

    def check_sequence(self, sequence: Any) -> str:
        """Return the text; a list of tokens with a space between them.

        Raises:
            RowError: it is neither a text nor a list of tokens, it is blank, or it has half a
                character.
        """
        if isinstance(sequence, list | tuple | np.ndarray):
            bad = [token for token in sequence if not is_token(token)]
            if bad:
                raise RowError(
                    f"expected tokens, texts without white space; got {str(bad[0])[:40]!r}"
                )
            sequence = join_tokens(list(sequence))
        if not isinstance(sequence, str):
            raise RowError(
                f"expected a text or a list of tokens; got a value of type "
                f"{type(sequence).__name__}"
            )
        if is_blank(sequence, unescape_html=False) or not find_tokens(sequence):
            raise RowError(f"expected a text; got {sequence[:40]!r}, which is blank")
        return check_characters(sequence)

    def token_numbers(self, values: NDArray[np.integer]) -> NDArray[np.integer]:
        """The numbers of the words, (tokens,)."""
        return values[:, WORD]

    def split(self, sequence: str) -> list[str]:
        return sequence.split()[: self.max_length]

    def blank_values(self, values: NDArray[Any]) -> NDArray[Any]:
        """Unknown words without case or characters."""
        blank = np.full_like(values, PADDING)
        blank[:, WORD] = UNKNOWN
        return blank

    def read_sequences(self, sequences: Sequence[str]) -> Ragged:
        """Integers of the tokens, int32 (tokens, 2 + characters), not cut."""
        rows = [text.split() for text in sequences]
        places: dict[str, int] = {}
        codes = [places.setdefault(token, len(places)) for tokens in rows for token in tokens]
        table = np.array([self._describe(token) for token in places], np.int32)
        width = 2 + self.characters
        values = table[codes] if codes else np.zeros((0, width), np.int32)
        return Ragged.from_lengths(values, [len(tokens) for tokens in rows])

    def read_arrow(self, column: pa.Array) -> Ragged:
        """As `read_sequences`, for an Arrow column without nulls."""
        return self.read_sequences(column.to_pylist())

    def finish(self, rows: Ragged) -> Ragged:
        """Tokens cut to `max_length`; a text without any becomes one unknown token."""
        return rows.cut(self.max_length, UNKNOWN)

    def encode_one(self, sequence: str) -> NDArray[np.int32]:
        """Encode one text, as `encode` does."""
        tokens = sequence.split()[: self.max_length]
        return np.array([self._describe(token) for token in tokens], np.int32)

    def to_json(self) -> dict[str, Any]:
        """Words and characters in the order of their numbers, and the settings around them."""
        return {
            "vocabulary": list(self.vocabulary),
            "alphabet": list(self.alphabet),
            "lowercase": self.normaliser.lowercase,
            "normalise": self.normaliser.form,
            "strip_accents": self.normaliser.strip_accents,
            "characters": self.characters,
            "max_length": self.max_length,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TokenEncoder":
        """Restore an encoder from the values of `to_json`."""
        normaliser = Normaliser(value["lowercase"], value["normalise"], value["strip_accents"])
        return cls(
            _number(value["vocabulary"]), _number(value["alphabet"]), normaliser,
            characters=value["characters"], max_length=value["max_length"],
        )  # fmt: skip

    def _describe(self, token: str) -> NDArray[np.int32]:
        return describe_token(
            token, self.normaliser, self.vocabulary, self.alphabet, self.characters
        )


def _number(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, start=2)}
