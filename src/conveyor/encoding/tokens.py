"""Texts whose training rows have given tokens, each one step of the network."""

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
from conveyor.encoding.raw_text import AttachedSigns, RawTextRule
from conveyor.encoding.row_error import RowError, describe_kind
from conveyor.encoding.token_values import (
    PADDING,
    UNKNOWN,
    WORD,
    Normaliser,
    describe_token,
)
from conveyor.raw_row import sequence_of
from conveyor.tokens import TokenText, is_token, split_tokens

PADDING_NAME, UNKNOWN_NAME = "[PAD]", "[UNK]"  # no token has a space, and no word is upper case
RARE_CHARACTER = 5  # characters of fewer occurrences have no number of their own


class TokenEncoder(Encoder):
    """Each token as integers: see `token_values.describe_token`.

    A raw row is a list of tokens, or a text, which is split by a rule.

    Attributes:
        vocabulary: number of each word, from 2.
        characters: that are read of each token.
        rule: by which a text is split.
    """

    kind = "tokens"
    column, token_column = "text", "tokens"
    unit = "tokens"
    unknown_token = UNKNOWN
    tensor_types = ("BYTES",)

    def __init__(
        self, vocabulary: dict[str, int], alphabet: dict[str, int], normaliser: Normaliser, *,
        characters: int, max_length: int, attached: AttachedSigns | None,
    ) -> None:  # fmt: skip
        self.vocabulary, self._alphabet, self.normaliser = vocabulary, alphabet, normaliser
        self.characters, self.max_length = characters, max_length
        self.rule = RawTextRule(lambda token: normaliser.apply(token) in vocabulary, attached)

    @classmethod
    def fit(cls, texts: Iterable[str], config: TextEncoding) -> "TokenEncoder":
        """Take the most frequent words, and all frequent characters, of training texts with given
        tokens, which are read once."""
        counts = Counter[str]()
        for text in texts:
            counts.update(split_tokens(text))
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
            attached=AttachedSigns.count(counts) if config.raw_text == "words" else None,
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
        """(rows,) of texts."""
        return [-1]

    def check_sequence(self, sequence: Any) -> list[str]:
        """Return the tokens of a text or of a list of tokens.

        Raises:
            RowError: it is neither of them, it is blank, or it has half a character.
        """
        return self._read(sequence).tokens

    def locate(self, row: Any) -> TokenText:
        """Return the text of a row, with a space between tokens that are given, and their bounds in
        it; errors as those of `check_sequence`."""
        return self._read(sequence_of(row))

    def _read(self, sequence: Any) -> TokenText:
        if isinstance(sequence, list | tuple | np.ndarray):
            bad = [token for token in sequence if not is_token(token)]
            if bad:
                raise RowError(
                    f"expected tokens, texts without white space; got {str(bad[0])[:40]!r}"
                )
            text = TokenText.of_tokens(list(sequence))
        elif isinstance(sequence, str):
            text = TokenText(sequence, self.rule.find_tokens(sequence))
        else:
            raise RowError(f"expected a text or a list of tokens; got {describe_kind(sequence)}")
        if is_blank(text.text, unescape_html=False) or not text.bounds:
            raise RowError(f"expected a text; got {text.text[:40]!r}, which is blank")
        check_characters(text.text)
        return text

    def token_numbers(self, values: NDArray[np.integer]) -> NDArray[np.integer]:
        """The numbers of the words, (tokens,)."""
        return values[:, WORD]

    def split(self, sequence: Any) -> list[str]:
        return self.check_sequence(sequence)[: self.max_length]

    def blank_values(self, values: NDArray[Any]) -> NDArray[Any]:
        """Unknown words without case or characters."""
        blank = np.full_like(values, PADDING)
        blank[:, WORD] = UNKNOWN
        return blank

    def read_sequences(self, sequences: Sequence[list[str]]) -> Ragged:
        """Integers of the tokens, int32 (tokens, 2 + characters), not cut."""
        places: dict[str, int] = {}
        codes = [places.setdefault(token, len(places)) for tokens in sequences for token in tokens]
        table = np.array([self._describe(token) for token in places], np.int32)
        width = 2 + self.characters
        values = table[codes] if codes else np.zeros((0, width), np.int32)
        return Ragged.from_lengths(values, [len(tokens) for tokens in sequences])

    def read_arrow(self, column: pa.Array) -> Ragged:
        """As `read_sequences`, for an Arrow column of texts with given tokens, without nulls."""
        return self.read_sequences([split_tokens(text) for text in column.to_pylist()])

    def finish(self, rows: Ragged) -> Ragged:
        """Tokens cut to `max_length`; a text without any becomes one unknown token."""
        return rows.cut(self.max_length, UNKNOWN)

    def encode_one(self, sequence: list[str]) -> NDArray[np.int32]:
        """Encode the tokens of one row, as `encode` does."""
        tokens = sequence[: self.max_length]
        return np.array([self._describe(token) for token in tokens], np.int32)

    def to_json(self) -> dict[str, Any]:
        """Words and characters in the order of their numbers, and the settings around them."""
        attached = self.rule.attached
        return {
            "vocabulary": list(self.vocabulary),
            "alphabet": list(self.alphabet),
            "lowercase": self.normaliser.lowercase,
            "normalise": self.normaliser.form,
            "strip_accents": self.normaliser.strip_accents,
            "characters": self.characters,
            "max_length": self.max_length,
            "attached": None if attached is None else attached.to_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TokenEncoder":
        """Restore an encoder from the values of `to_json`."""
        normaliser = Normaliser(value["lowercase"], value["normalise"], value["strip_accents"])
        return cls(
            _number(value["vocabulary"]), _number(value["alphabet"]), normaliser,
            characters=value["characters"], max_length=value["max_length"],
            attached=None if value["attached"] is None else AttachedSigns.of(**value["attached"]),
        )  # fmt: skip

    def _describe(self, token: str) -> NDArray[np.int32]:
        return describe_token(
            token, self.normaliser, self.vocabulary, self.alphabet, self.characters
        )


def _number(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, start=2)}
