"""Texts to tokens, by the `tokenizers` library."""

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from conveyor import files
from conveyor.encoding.ragged import Ragged

if TYPE_CHECKING:  # Pydantic would be half of a server's imports
    from conveyor.config.dataset import TextEncoding

PADDING, UNKNOWN = "[PAD]", "[UNK]"  # tokens 0 and 1, always
BATCH = 1000


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
        tokenizer.train_from_iterator((encoder._clean(text) for text in texts), trainer)
        return encoder

    @property
    def vocabulary_size(self) -> int:
        """Tokens, padding and unknown included."""
        return self.tokenizer.get_vocab_size()

    def encode(self, rows: Sequence[str]) -> Ragged:
        """Tokens of each text, cut to `max_length`; a text without any becomes one unknown."""
        return Ragged.of(
            [
                np.array(tokens[: self.max_length] or [1], dtype=np.int32)
                for tokens in self.tokens(rows)
            ]
        )

    def tokens(self, rows: Sequence[str]) -> Iterator[list[int]]:
        """Tokens of each text as they are, neither cut nor filled."""
        for start in range(0, len(rows), BATCH):
            cleaned = [self._clean(text) for text in rows[start : start + BATCH]]
            for encoded in self.tokenizer.encode_batch_fast(cleaned):
                yield encoded.ids

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


def _normalizer(config: "TextEncoding") -> normalizers.Normalizer:
    steps: list[Any] = []
    if config.normalise != "none":
        steps.append(normalizers.NFC() if config.normalise == "nfc" else normalizers.NFKC())
    if config.strip_accents:
        steps += [normalizers.NFD(), normalizers.StripAccents()]
    if config.lowercase:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence(steps)
