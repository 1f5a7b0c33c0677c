"""Raw texts become tokens like those of the training rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conveyor.config.dataset import TextEncoding
from conveyor.encoding.tokens import TokenEncoder

TREEBANK = ("Peter 's dog wo n't bark , he said : it does n't ! ( U.S. , C++ ) l' homme :-) .",) * 3
TAGGED = ("#cats like @cats", "#dogs and @dogs", "see #cats #dogs #fish @fish @home @work ok") * 2


def make_encoder(texts: tuple[str, ...], raw_text: str = "words") -> TokenEncoder:
    return TokenEncoder.fit(
        texts,
        TextEncoding.model_validate(
            {"tokenizer": "whitespace", "lowercase": True, "unescape_html": False,
             "normalise": "nfc", "strip_accents": False, "vocabulary": 99, "min_frequency": 1,
             "max_length": 9, "characters": 0, "raw_text": raw_text}
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "raw", "tokens"),
    [
        (TREEBANK, "fly to Paris, tomorrow.", "fly to Paris , tomorrow ."),
        (TREEBANK, "(Paris)?!", "( Paris ) ? !"),
        (TREEBANK, "wait... what??", "wait ... what ??"),
        (TREEBANK, "Anna's dog doesn't bark.", "Anna 's dog does n't bark ."),
        (TREEBANK, "l'homme d'été", "l' homme d'été"),
        (TREEBANK, "from the U.S., (C++)", "from the U.S. , ( C++ )"),
        (TREEBANK, "3.5% of New-York :-)", "3.5 % of New-York :-)"),
        (TREEBANK, "“Paris”—yes ❤️❤️", "“ Paris”—yes ❤️❤️"),
        (TREEBANK, "हिंदी, été.", "हिंदी , été ."),
        (TREEBANK, "''", "''"),
        (TAGGED, "#birds, @birds!", "#birds , @birds !"),
        (TREEBANK, "#birds", "# birds"),
    ],
)
def test_punctuation_is_apart_as_in_the_training_rows(
    texts: tuple[str, ...], raw: str, tokens: str
) -> None:
    encoder = make_encoder(texts)
    located = encoder.locate(raw)
    assert located.tokens == encoder.check_sequence(raw) == tokens.split()
    assert located.text == raw
    restored = TokenEncoder.from_json(encoder.to_json())
    assert restored.check_sequence(raw) == tokens.split()


@pytest.mark.parametrize("texts", [TREEBANK, TAGGED])
def test_joined_training_rows_have_their_tokens_again(texts: tuple[str, ...]) -> None:
    encoder = make_encoder(texts)
    for text in texts:
        assert encoder.check_sequence(text) == text.split()


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_given_tokens_stay_as_they_are(kind: Callable[[list[str]], Any]) -> None:
    encoder = make_encoder(TREEBANK)
    tokens = ["Paris,", "(x)", "it's"]
    assert encoder.check_sequence(kind(tokens)) == tokens
    located = encoder.locate(kind(tokens))
    assert (located.text, located.bounds) == ("Paris, (x) it's", [(0, 6), (7, 10), (11, 15)])


def test_whitespace_splits_at_white_space_only() -> None:
    encoder = make_encoder(TREEBANK, "whitespace")
    assert encoder.check_sequence(" fly  to Paris, (now)") == ["fly", "to", "Paris,", "(now)"]
    assert TokenEncoder.from_json(encoder.to_json()).rule.attached is None


def test_a_long_piece_takes_no_longer_than_its_length() -> None:
    encoder = make_encoder(TREEBANK)
    assert len(encoder.check_sequence("(" * 200_000 + "x" + ")" * 200_000)) == 3
    assert len(encoder.check_sequence("'" * 200_000 + "x'" * 100_000)) == 3
