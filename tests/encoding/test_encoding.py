"""Text and series encoders: what they make of odd rows, and that a saved one is the same."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, trainers

from conveyor.config.dataset import SeriesEncoding, TextEncoding
from conveyor.encoding import SeriesEncoder, TextEncoder, load_encoder
from conveyor.encoding.ragged import Ragged
from conveyor.errors import InputError

PLAIN = {
    "tokenizer": "word", "lowercase": False, "unescape_html": False, "normalise": "none",
    "strip_accents": False, "vocabulary": 100, "min_frequency": 1, "max_length": 8,
    "characters": 0,
    "raw_text": None,
}  # fmt: skip
TEXTS = ["the cat sat", "the cat ran", "the dog &amp; I", "CAFÉ ﬁnd"]


def text_encoder(texts: list[str] = TEXTS, **changes: object) -> TextEncoder:
    return TextEncoder.fit(texts, TextEncoding.model_validate({**PLAIN, **changes}))


def tokens_of(encoder: TextEncoder, text: str) -> list[str]:
    return [str(encoder.tokenizer.id_to_token(int(i))) for i in encoder.encode([text])[0]]


def test_words_are_numbered_by_frequency_after_padding_and_unknown() -> None:
    encoder = text_encoder()
    assert [encoder.tokenizer.id_to_token(i) for i in range(4)] == ["[PAD]", "[UNK]", "the", "cat"]
    assert tokens_of(encoder, "the zebra sat") == ["the", "[UNK]", "sat"]


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        ({"lowercase": True}, "THE Cat", ["the", "cat"]),
        ({"unescape_html": True}, "&amp;", ["&"]),
        ({"normalise": "nfkc"}, "find ﬁnd", ["find", "find"]),
        ({"strip_accents": True}, "CAFE", ["CAFE"]),
        ({"max_length": 2}, "the cat sat", ["the", "cat"]),
        ({"min_frequency": 2}, "the cat sat", ["the", "cat", "[UNK]"]),
        ({"vocabulary": 3}, "the cat sat", ["the", "[UNK]", "[UNK]"]),
    ],
)
def test_each_setting_does_what_it_says(
    change: dict[str, object], text: str, expected: list[str]
) -> None:
    assert tokens_of(text_encoder(**change), text) == expected
    assert tokens_of(text_encoder(), text) != expected


@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
@pytest.mark.parametrize("rows", [1, 100])
def test_a_text_cannot_name_padding(tokenizer: str, rows: int) -> None:
    encoder = text_encoder(tokenizer=tokenizer, vocabulary=300)
    tokens = encoder.encode(["the [PAD] cat [UNK]"] * rows)[rows - 1]
    assert 0 not in tokens
    assert len(tokens) > 4, "special tokens are taken for words"


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_words_of_a_batch_are_those_that_the_library_finds(lowercase: bool) -> None:
    draw = np.random.default_rng(0)
    letters = [chr(code) for code in range(128)] + [*"ab AB_ \n"] * 12
    texts = ["".join(draw.choice(letters, draw.integers(0, 30))) for _ in range(3000)]
    texts += ["[PAD] a", "x[UNK]", "[unk]", "é a", "漢字 b", "\u200b", "İK", "", " \x1c\x85 "]
    encoder = text_encoder(texts, lowercase=lowercase, vocabulary=2000)
    alone = [
        encoder.read_sequences([text]).values.tolist() for text in texts
    ]  # too few for a batch
    together = encoder.read_sequences(texts)
    assert [together[i].tolist() for i in range(len(together))] == alone
    assert len({token for row in alone for token in row}) > 500


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_vocabulary_of_words_is_that_of_the_library(lowercase: bool) -> None:
    draw = np.random.default_rng(0)
    letters = [*"abcAB_é'- \n"]
    texts = ["".join(draw.choice(letters, draw.integers(0, 30))) for _ in range(3000)]
    texts += ["[PAD] a", "x[UNK]", "漢字 b", "\u200b", "İK", "", " \x1c\x85 ", "ﬁnd"]
    encoder = text_encoder(texts, lowercase=lowercase, vocabulary=400, min_frequency=2)
    trainer = trainers.WordLevelTrainer(
        vocab_size=400, min_frequency=2, special_tokens=["[PAD]", "[UNK]"], show_progress=False
    )
    expected = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    expected.normalizer = encoder.tokenizer.normalizer
    expected.pre_tokenizer = encoder.tokenizer.pre_tokenizer
    expected.train_from_iterator(texts, trainer)
    assert encoder.size["vocabulary"] == 400
    assert encoder.tokenizer.get_vocab() == expected.get_vocab()


def test_rows_are_merged_in_their_order() -> None:
    first = Ragged.from_lengths(np.array([1, 2, 3]), [2, 1])
    second = Ragged.from_lengths(np.array([9]), [1])
    merged = Ragged.merge(np.array([True, False, True]), first, second)
    assert [merged[i].tolist() for i in range(3)] == [[1, 2], [9], [3]]


@pytest.mark.parametrize("longest", [None, 2, 9])
def test_a_cut_leaves_the_first_steps_and_fills_what_is_empty(longest: int | None) -> None:
    rows = [np.arange(4), np.arange(0), np.arange(2)]
    joined = np.concatenate(rows).astype(np.int32)
    cut = Ragged.from_lengths(joined, [len(row) for row in rows]).cut(longest, 7)
    expected = [row[:longest].tolist() or [7] for row in rows]
    assert [cut[i].tolist() for i in range(3)] == expected


def test_bpe_knows_every_character() -> None:
    encoder = text_encoder(tokenizer="bpe", vocabulary=300)
    tokens = encoder.encode(["жёлтый 🦓"])[0]
    assert 1 not in tokens
    assert encoder.size["vocabulary"] <= 300


@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
def test_equal_texts_give_equal_vocabularies_and_files(tmp_path: Path, tokenizer: str) -> None:
    texts = [f"{a}{b}{c} {c}{b}" for a, b, c in itertools.product("abcdef", repeat=3)]
    for name in ("one", "two"):
        encoder = text_encoder(texts, tokenizer=tokenizer, vocabulary=280)
        encoder.save(tmp_path / f"{name}.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
def test_a_text_without_words_is_one_unknown(text: str) -> None:
    assert len(text_encoder().encode([text])[0]) == 1
    assert text_encoder().encode([""])[0].tolist() == [1]


def test_a_restored_text_encoder_answers_alike(tmp_path: Path) -> None:
    encoder = text_encoder(lowercase=True, unescape_html=True, normalise="nfkc", max_length=3)
    encoder.save(tmp_path / "encoder.json")
    again = load_encoder(tmp_path / "encoder.json", "")
    rows = [*TEXTS, "The &amp; ﬁnd unseen words", ""]
    np.testing.assert_array_equal(again.encode(rows).values, encoder.encode(rows).values)
    np.testing.assert_array_equal(again.encode(rows).offsets, encoder.encode(rows).offsets)


def series_encoder(
    rows: list[np.ndarray],
    scaling: str = "standard",
    max_length: int | None = None,
    missing: str = "refuse",
) -> SeriesEncoder:
    config = SeriesEncoding.model_validate(
        {"scaling": scaling, "max_length": max_length, "missing": missing}
    )
    return SeriesEncoder.fit(rows, config)


def random_series() -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.normal([1e6, 5, 0.1], [1, 2, 0], (n, 3)) for n in (3, 1, 40, 7)]


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
def test_scaling_is_that_of_all_steps_together(scaling: str) -> None:
    rows = random_series()
    steps = np.concatenate(rows)
    shift, scale = {
        "standard": (steps.mean(0), steps.std(0)),
        "minmax": (steps.min(0), np.ptp(steps, axis=0)),
        "none": (np.zeros(3), np.ones(3)),
    }[scaling]
    scale[2] = 1.0  # the third channel never changes
    encoded = series_encoder(rows, scaling).encode(rows)
    np.testing.assert_allclose(encoded.values, (steps - shift) / scale, rtol=1e-5, atol=1e-6)
    assert encoded.values.dtype == np.float32


def test_a_long_series_is_cut() -> None:
    encoder = series_encoder(random_series(), max_length=2)
    encoded = encoder.encode([random_series()[1], random_series()[2]])
    assert encoded.lengths.tolist() == [1, 2]


NAN = float("nan")
GAPS = [np.array([[NAN, 5.0], [1.0, NAN], [NAN, NAN], [4.0, NAN]]), np.array([[NAN, 3.0]]),
        np.array([[2.0, 7.0], [NAN, 9.0]])]  # fmt: skip
# Means of the known values are 7 / 3 and 6.
FILLED = {
    "forward": [[[1, 5], [1, 5], [1, 5], [4, 5]], [[7 / 3, 3]], [[2, 7], [2, 9]]],
    "mask": [[[7 / 3, 5, 1, 0], [1, 6, 0, 1], [7 / 3, 6, 1, 1], [4, 6, 0, 1]], [[7 / 3, 3, 1, 0]],
             [[2, 7, 0, 0], [7 / 3, 9, 1, 0]]],
}  # fmt: skip


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
@pytest.mark.parametrize("missing", ["forward", "mask"])
def test_missing_values_are_filled_within_their_row(
    tmp_path: Path, scaling: str, missing: str
) -> None:
    encoder = series_encoder(GAPS, scaling, missing=missing)
    known = np.concatenate(GAPS)
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    shift, scale = {
        "standard": (np.nanmean(known, axis=0), np.nanstd(known, axis=0)),
        "minmax": (low, high - low),
        "none": (np.zeros(2), np.ones(2)),
    }[scaling]
    rows = [np.array(row, float) for row in FILLED[missing]]
    expected = [np.hstack([(row[:, :2] - shift) / scale, row[:, 2:]]) for row in rows]
    assert encoder.size == {"features": expected[0].shape[1]}
    encoder.save(tmp_path / "encoder.json")
    for restored in (encoder, load_encoder(tmp_path / "encoder.json", "")):
        together = restored.encode([restored.check_row(row.tolist()) for row in GAPS])
        for number, row in enumerate(GAPS):
            np.testing.assert_allclose(together[number], expected[number], atol=1e-6)
            np.testing.assert_array_equal(restored.encode_one(row), together[number])


def test_a_row_is_filled_before_it_is_cut() -> None:
    encoder = series_encoder(GAPS, "none", max_length=1, missing="forward")
    assert encoder.encode_one(GAPS[0]).tolist() == [[1.0, 5.0]]


def test_a_channel_without_any_value_is_refused() -> None:
    with pytest.raises(InputError, match=r"channel 1 \(from 0\) has none"):
        series_encoder([np.array([[1.0, NAN], [2.0, NAN]])], missing="mask")


def test_a_restored_series_encoder_answers_alike(tmp_path: Path) -> None:
    encoder = series_encoder(random_series(), max_length=5)
    encoder.save(tmp_path / "encoder.json")
    again = load_encoder(tmp_path / "encoder.json", "").encode(random_series())
    np.testing.assert_array_equal(again.values, encoder.encode(random_series()).values)


def test_nothing_to_scale_by_is_an_error() -> None:
    with pytest.raises(InputError, match="expected a series with a step"):
        series_encoder([np.zeros((0, 2))])


def test_padding_is_on_the_right_and_lengths_tell_where() -> None:
    rows = Ragged.from_lengths(np.array([1, 2, 3, 5]), [3, 1])
    values, lengths = rows.pad_rows(np.array([1, 0]))
    assert values.tolist() == [[5, 0, 0], [1, 2, 3]]
    assert lengths.tolist() == [1, 3]
    assert rows.first(1).values.tolist() == [1, 2, 3]
    assert len(rows) == 2
    series = Ragged.from_lengths(np.ones((6, 3)), [2, 4])
    assert series.pad_rows(np.array([0, 1]))[0].shape == (2, 4, 3)


def test_a_row_alone_is_encoded_as_among_others() -> None:
    texts = text_encoder(max_length=2, unescape_html=True)
    rows = ["the cat sat", "", "the dog &amp; I", "zebra"]
    together = texts.encode(rows)
    for number, row in enumerate(rows):
        alone = texts.encode_one(row)
        assert alone.dtype == np.int32
        np.testing.assert_array_equal(alone, together[number])
    draw = np.random.default_rng(2)
    series = [draw.normal(size=(steps, 3)) for steps in (4, 2, 1, 9)]
    config = SeriesEncoding(missing="refuse", scaling="standard", max_length=5)
    encoder = SeriesEncoder.fit(series, config)
    for number, steps in enumerate(series):
        alone = encoder.encode_one(steps)
        assert alone.dtype == np.float32
        np.testing.assert_array_equal(alone, encoder.encode(series)[number])
