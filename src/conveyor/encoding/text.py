"""Texts to tokens, by the `tokenizers` library."""

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, compress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from conveyor.config.dataset import TextEncoding
from conveyor.encoding.ascii_words import count_ascii, tokenize_ascii
from conveyor.encoding.characters import check_characters, is_blank
from conveyor.encoding.encoder import Encoder
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.row_error import RowError, describe_kind

PADDING, UNKNOWN = "[PAD]", "[UNK]"  # tokens 0 and 1 of every vocabulary
UNKNOWN_TOKEN = 1
SPACE = "␣"  # a piece of a text that is white space
BATCH = 1000  # texts of a call of the library
BATCH_SIZE = 1 << 20  # bytes of the texts of a batch from which a vocabulary is built
TEXT_SIZE = 64  # bytes of a Python string beside its characters
MIN_ASCII_BATCH = 64  # with fewer texts `tokenize_ascii` is slower than the library


class TextEncoder(Encoder):
    """A tokenizer fitted on training texts, and how a text is cleaned and cut."""

    kind = "text"
    column = "text"
    unit = "tokens"
    unknown_token = UNKNOWN_TOKEN
    tensor_types = ("BYTES",)

    def __init__(self, tokenizer: Tokenizer, *, unescape_html: bool, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.unescape_html = unescape_html
        self.max_length = max_length

    @classmethod
    def fit(cls, texts: Iterable[str], config: TextEncoding) -> "TextEncoder":
        """Build the vocabulary from training texts only; they are read once, as a stream.

        "word" splits at white space and punctuation and keeps the most frequent words; "bpe" joins
        the most frequent pairs of bytes (Sennrich et al. 2016) and has no unknown characters.
        """
        tokenizer, trainer = _untrained(config)
        tokenizer.normalizer = _normalizer(config)
        encoder = cls(tokenizer, unescape_html=config.unescape_html, max_length=config.max_length)
        batches = _batches(map(encoder._clean, texts))
        if config.tokenizer == "word":
            tokens = [PADDING, UNKNOWN, *encoder._frequent_words(batches, config)]
            vocabulary = {word: token for token, word in enumerate(tokens)}
            tokenizer.model = models.WordLevel(vocabulary, unk_token=UNKNOWN)
        else:
            # The trainer reads lists of texts faster than single texts.
            tokenizer.train_from_iterator(batches, trainer)
        return cls.from_json(encoder.to_json())

    def _frequent_words(self, batches: Iterator[list[str]], config: TextEncoding) -> list[str]:
        """Return the words of the vocabulary, as `WordLevelTrainer` orders them, but faster."""
        counts: Counter[str] = Counter()
        for texts in batches:
            simple = [text for text in texts if text.isascii()]
            for word, count in count_ascii(simple, lowercase=self._lowercase).items():
                counts[word] += count
            for text in texts:
                if not text.isascii():
                    counts.update(self._split(text))
        frequent = [word for word, count in counts.items() if count >= config.min_frequency]
        return sorted(frequent, key=lambda word: (-counts[word], word))[: config.vocabulary - 2]

    def _split(self, text: str) -> list[str]:
        tokenizer: Any = self.tokenizer
        normalized = tokenizer.normalizer.normalize_str(text)
        return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)]

    @property
    def size(self) -> dict[str, int]:
        """`vocabulary`: the number of tokens, padding and unknown included."""
        return {"vocabulary": self.tokenizer.get_vocab_size()}

    @property
    def tokens(self) -> dict[str, int]:
        """The number of each token, padding and unknown included."""
        return self.tokenizer.get_vocab()

    @property
    def shortest_sequence(self) -> str:
        """One letter."""
        return "a"

    @property
    def tensor_shape(self) -> list[int]:
        """(rows,)."""
        return [-1]

    def check_sequence(self, sequence: Any) -> str:
        """Return the text.

        Raises:
            RowError: it is no string, it is blank, or it has half a character. A text of unknown
                words is none of these.
        """
        if not isinstance(sequence, str):
            raise RowError(f"expected a text; got {describe_kind(sequence)}")
        if is_blank(sequence, unescape_html=self.unescape_html):
            raise RowError(f"expected a text; got {sequence[:40]!r}, which is blank")
        return check_characters(sequence)

    def read_sequences(self, sequences: Sequence[str]) -> Ragged:
        """Tokens of each text, int32, neither cut nor filled: a text may have none."""
        texts = [self._clean(text) for text in sequences]
        if len(texts) < MIN_ASCII_BATCH or self._vocabulary is None:
            return self._tokenize(texts)
        simple = np.array([text.isascii() for text in texts])
        if not simple.any():
            return self._tokenize(texts)
        ascii_tokens = self._tokenize_ascii([*compress(texts, simple)], self._vocabulary)
        if simple.all():
            return ascii_tokens
        others = [*compress(texts, ~simple)]
        return Ragged.merge(simple, ascii_tokens, self._tokenize(others))

    def read_arrow(self, column: pa.Array) -> Ragged:
        """Tokens of a column of strings."""
        return self.read_sequences(column.to_pylist())

    def finish(self, rows: Ragged) -> Ragged:
        """Tokens cut to `max_length`; a text without any becomes one unknown token."""
        return rows.cut(self.max_length, UNKNOWN_TOKEN)

    def encode_one(self, sequence: str) -> NDArray[np.int32]:
        """Encode one text, as `encode` does."""
        tokens = self.tokenizer.encode(self._clean(sequence)).ids[: self.max_length]
        return np.array(tokens or [UNKNOWN_TOKEN], dtype=np.int32)

    def split(self, sequence: str) -> list[str]:
        """Bytes of one character may be several tokens, whose piece is the character."""
        text = self._clean(sequence)
        bounds = self.tokenizer.encode(text).offsets[: self.max_length]
        return [text[start:end].strip() or SPACE for start, end in bounds] or [text]

    def count_units(self, sequence: str) -> int:
        return len(self.tokenizer.encode(self._clean(sequence)).ids)

    def to_json(self) -> dict[str, Any]:
        """The tokenizer, in the library's own form, and the settings around it."""
        return {
            "max_length": self.max_length,
            "unescape_html": self.unescape_html,
            "tokenizer": json.loads(self.tokenizer.to_str()),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TextEncoder":
        """Restore an encoder from the values of `to_json`."""
        # Without special tokens, which the library would find in texts: "[PAD]" is three words.
        tokenizer = Tokenizer.from_str(json.dumps(value["tokenizer"] | {"added_tokens": []}))
        return cls(tokenizer, unescape_html=value["unescape_html"], max_length=value["max_length"])

    @cached_property
    def _vocabulary(self) -> dict[str, int] | None:
        """Token of each word; None where tokens are not words."""
        is_word = isinstance(self.tokenizer.model, models.WordLevel)
        return self.tokenizer.get_vocab() if is_word else None

    @cached_property
    def _lowercase(self) -> bool:
        normalizer: Any = self.tokenizer.normalizer
        return normalizer.normalize_str("A") == "a"

    def _clean(self, text: str) -> str:
        return html.unescape(text) if self.unescape_html else text

    def _tokenize(self, texts: list[str]) -> Ragged:
        rows: list[list[int]] = []
        for start in range(0, len(texts), BATCH):
            batch = self.tokenizer.encode_batch_fast(texts[start : start + BATCH])
            rows += [encoding.ids for encoding in batch]
        lengths = [len(row) for row in rows]
        values = np.fromiter(chain.from_iterable(rows), np.int32, sum(lengths))
        return Ragged.from_lengths(values, lengths)

    def _tokenize_ascii(self, texts: list[str], vocabulary: dict[str, int]) -> Ragged:
        return tokenize_ascii(texts, vocabulary, UNKNOWN_TOKEN, lowercase=self._lowercase)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += TEXT_SIZE + len(text)
        if size > BATCH_SIZE:
            yield batch
            batch, size = [], 0
    yield batch


def _untrained(config: TextEncoding) -> tuple[Tokenizer, Any]:
    """The tokenizer without a vocabulary, and its trainer."""
    shared: dict[str, Any] = {
        "vocab_size": config.vocabulary,
        "min_frequency": config.min_frequency,
        "special_tokens": [PADDING, UNKNOWN],
        "show_progress": False,
    }
    if config.tokenizer == "word":
        tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        return tokenizer, trainers.WordLevelTrainer(**shared)
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return tokenizer, trainers.BpeTrainer(initial_alphabet=alphabet, **shared)


def _normalizer(config: TextEncoding) -> normalizers.Normalizer:
    steps: list[Any] = []
    if config.normalise != "none":
        steps.append(normalizers.NFC() if config.normalise == "nfc" else normalizers.NFKC())
    if config.strip_accents:
        steps += [normalizers.NFD(), normalizers.StripAccents()]
    if config.lowercase:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence(steps)
