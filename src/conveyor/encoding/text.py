"""Texts to tokens, by the `tokenizers` library."""

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from conveyor import files
from conveyor.encoding.ragged import Ragged

if TYPE_CHECKING:  # Pydantic would be half of a server's imports
    from conveyor.config.dataset import TextEncoding

PADDING, UNKNOWN = "[PAD]", "[UNK]"  # tokens 0 and 1, always
UNKNOWN_TOKEN = 1
BATCH = 1000
FEW = 64  # rows that the library is through with before `numbered` has begun


class TextEncoder:
    """A tokenizer fitted on training texts, with everything it takes to encode raw text."""

    kind: ClassVar[Literal["text"]] = "text"

    def __init__(self, tokenizer: Tokenizer, *, unescape_html: bool, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.unescape_html = unescape_html
        self.max_length = max_length

    @classmethod
    def fit(cls, texts: Iterable[str], config: "TextEncoding") -> "TextEncoder":
        """Build the vocabulary from training texts only; they are read once, as a stream.

        "word" splits at white space and punctuation and keeps the most frequent words; "bpe" joins
        the most frequent pairs of bytes (Sennrich et al. 2016) and has no unknown characters.
        """
        special = [PADDING, UNKNOWN]
        shared: dict[str, Any] = {
            "vocab_size": config.vocabulary,
            "min_frequency": config.min_frequency,
            "special_tokens": special,
            "show_progress": False,
        }
        if config.tokenizer == "word":
            tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
            tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
            trainer: Any = trainers.WordLevelTrainer(**shared)
        else:
            tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
            trainer = trainers.BpeTrainer(
                initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), **shared
            )
        tokenizer.normalizer = _normalizer(config)
        encoder = cls(tokenizer, unescape_html=config.unescape_html, max_length=config.max_length)
        cleaned = map(encoder._clean, texts)
        tokenizer.train_from_iterator(_lists(cleaned), trainer)
        return encoder

    def encode_one(self, text: str) -> NDArray[np.int32]:
        """As `encode`, of one text."""
        tokens = self.tokenizer.encode(self._clean(text)).ids[: self.max_length]
        return np.array(tokens or [UNKNOWN_TOKEN], dtype=np.int32)

    @property
    def vocabulary_size(self) -> int:
        """Tokens, padding and unknown included."""
        return self.tokenizer.get_vocab_size()

    def encode(self, rows: Sequence[str]) -> Ragged:
        """Tokens of each text, cut to `max_length`; a text without any becomes one unknown."""
        return self.fitting(self.tokens(rows))

    def fitting(self, tokens: Ragged) -> Ragged:
        """What `encode` makes of these tokens."""
        return tokens.cut(self.max_length, UNKNOWN_TOKEN)

    def tokens(self, rows: Sequence[str]) -> Ragged:
        """Tokens of each text as they are, int32, neither cut nor filled: a row may have none."""
        cleaned = [self._clean(text) for text in rows]
        if len(rows) < FEW or self._words is None:
            return self._by_library(cleaned)
        plain = np.array([text.isascii() and not _special(text) for text in cleaned])
        if not plain.any():
            return self._by_library(cleaned)
        some = [text for text, easy in zip(cleaned, plain, strict=True) if easy]
        from conveyor.encoding.words import numbered  # loads Arrow, which one request needs not

        words, lower = self._words, self._lower
        found = numbered([text.lower() for text in some] if lower else some,
                         lambda word: words.get(word, UNKNOWN_TOKEN))  # fmt: skip
        if plain.all():
            return found
        rest = [text for text, easy in zip(cleaned, plain, strict=True) if not easy]
        return Ragged.merged(plain, found, self._by_library(rest))

    @cached_property
    def _words(self) -> dict[str, int] | None:
        """The vocabulary, where it is one of words."""
        word = isinstance(self.tokenizer.model, models.WordLevel)
        return self.tokenizer.get_vocab() if word else None

    @cached_property
    def _lower(self) -> bool:
        normalizer: Any = self.tokenizer.normalizer
        return normalizer.normalize_str("A") == "a"

    def _by_library(self, texts: list[str]) -> Ragged:
        ids: list[list[int]] = []
        for start in range(0, len(texts), BATCH):
            found = self.tokenizer.encode_batch_fast(texts[start : start + BATCH])
            ids += [one.ids for one in found]
        lengths = [len(one) for one in ids]
        values = np.fromiter(chain.from_iterable(ids), np.int32, sum(lengths))
        return Ragged.joined(values, lengths)

    def _clean(self, text: str) -> str:
        return html.unescape(text) if self.unescape_html else text

    def save(self, path: Path) -> None:
        value = {
            "kind": self.kind,
            "max_length": self.max_length,
            "unescape_html": self.unescape_html,
            "tokenizer": json.loads(self.tokenizer.to_str()),
        }
        files.write_json(path, value)

    @classmethod
    def restore(cls, value: dict[str, Any]) -> "TextEncoder":
        tokenizer = Tokenizer.from_str(json.dumps(value["tokenizer"]))
        return cls(tokenizer, unescape_html=value["unescape_html"], max_length=value["max_length"])


def _special(text: str) -> bool:
    return PADDING in text or UNKNOWN in text


def _lists(texts: Iterator[str]) -> Iterator[list[str]]:
    """Some at a time, which the trainer reads faster than one at a time."""
    while some := list(islice(texts, BATCH)):
        yield some


def _normalizer(config: "TextEncoding") -> normalizers.Normalizer:
    steps: list[Any] = []
    if config.normalise != "none":
        steps.append(normalizers.NFC() if config.normalise == "nfc" else normalizers.NFKC())
    if config.strip_accents:
        steps += [normalizers.NFD(), normalizers.StripAccents()]
    if config.lowercase:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence(steps)
