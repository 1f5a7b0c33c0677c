"""Encoders hold for any row: alone as in a batch, again as before, and restored as it was."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conveyor.config.dataset import SeriesEncoding, TextEncoding
from conveyor.encoding import RowError, SeriesEncoder, TextEncoder, load_encoder
from conveyor.encoding.characters import find_blank, is_blank
from conveyor.encoding.ragged import Ragged, batches_by_length

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TEXTS = st.lists(ANY_TEXT, min_size=1, max_size=80)
NUMBERS = st.floats(-1e38, 1e38)
SERIES = arrays.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=NUMBERS)
MAX_LENGTH = 7


def text_encoding(tokenizer: str, lowercase: bool) -> TextEncoding:
    return TextEncoding.model_validate(
        {"tokenizer": tokenizer, "lowercase": lowercase, "unescape_html": True,
         "normalise": "nfkc", "strip_accents": True, "vocabulary": 300, "min_frequency": 1,
         "max_length": MAX_LENGTH, "characters": 0,
         "raw_text": None}
    )  # fmt: skip


@given(TEXTS, st.sampled_from(["word", "bpe"]), st.booleans())
def test_a_text_has_the_tokens_that_it_has_alone_and_restored(
    texts: list[str], tokenizer: str, lowercase: bool
) -> None:
    encoder = TextEncoder.fit(texts, text_encoding(tokenizer, lowercase))
    again = TextEncoder.fit(texts, text_encoding(tokenizer, lowercase))
    restored = TextEncoder.from_json(encoder.to_json())
    assert again.to_json() == encoder.to_json() == restored.to_json()
    batch = encoder.encode(texts)
    assert 1 <= batch.lengths.min() <= batch.lengths.max() <= MAX_LENGTH
    assert batch.values.max(initial=0) < encoder.size["vocabulary"]
    for number, text in enumerate(texts):
        np.testing.assert_array_equal(batch[number], encoder.encode_one(text))
        np.testing.assert_array_equal(batch[number], restored.encode_one(text))


@given(st.lists(SERIES, min_size=1, max_size=8), st.sampled_from(["standard", "minmax", "none"]),
       st.sampled_from(["refuse", "forward", "mask"]))  # fmt: skip
def test_a_series_has_finite_steps_alone_as_in_a_batch_and_restored(
    rows: list[np.ndarray], scaling: str, missing: str
) -> None:
    config = SeriesEncoding.model_validate(
        {"missing": missing, "scaling": scaling, "max_length": MAX_LENGTH}
    )
    encoder = SeriesEncoder.fit(rows, config)
    restored = SeriesEncoder.from_json(encoder.to_json())
    batch = encoder.encode(rows)
    assert np.isfinite(batch.values).all()
    for number, row in enumerate(rows):
        np.testing.assert_array_equal(batch[number], encoder.encode_one(row))
        np.testing.assert_array_equal(batch[number], restored.encode_one(row))


def test_an_encoder_is_the_same_from_its_file(tmp_path: Path) -> None:
    encoder = TextEncoder.fit(["é 😀 words", "&amp; more"], text_encoding("bpe", lowercase=True))
    encoder.save(tmp_path / "encoder.json")
    assert load_encoder(tmp_path / "encoder.json", "").to_json() == encoder.to_json()


@given(TEXTS, st.booleans())
def test_prepare_and_requests_agree_on_what_is_blank(texts: list[str], unescape: bool) -> None:
    texts += ["&nbsp;", " &#8203; ", "&", "&amp;", "\u200b\u00ad", "\u2800"]
    blank = [is_blank(text, unescape_html=unescape) for text in texts]
    assert find_blank(pa.array(texts), unescape_html=unescape).to_pylist() == blank


@given(st.text(st.characters(exclude_categories=[]), max_size=10))
def test_a_checked_text_can_be_encoded(text: str) -> None:
    encoder = TextEncoder.fit(["some words"], text_encoding("word", lowercase=True))
    try:
        encoder.encode_one(encoder.check_sequence(text))
    except RowError:
        assert not text.isalnum() or not text.isprintable()


def ragged_of(rows: Sequence[list[int]]) -> Ragged:
    values = np.array([value for row in rows for value in row], np.int32)
    return Ragged.from_lengths(values, [len(row) for row in rows])


ROW = st.lists(st.integers(1, 99), min_size=1, max_size=6)


@given(st.lists(st.tuples(ROW, st.booleans()), min_size=1, max_size=20), st.integers(1, 7))
def test_rows_survive_padding_merging_and_cutting(
    marked: list[tuple[list[int], bool]], size: int
) -> None:
    rows = [row for row, _ in marked]
    ragged = ragged_of(rows)
    batches = batches_by_length(ragged.lengths, size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(rows)))
    for batch in batches:
        values, batch_lengths = ragged.pad_rows(batch)
        for row, number in enumerate(batch):
            assert values[row, : batch_lengths[row]].tolist() == rows[number]
            assert not values[row, batch_lengths[row] :].any()
    cut = ragged.cut(size, 0)
    assert [cut[i].tolist() for i in range(len(rows))] == [row[:size] for row in rows]
    first, second = (ragged_of([row for row, is_first in marked if is_first is side])
                     for side in (True, False))  # fmt: skip
    merged = Ragged.merge(np.array([is_first for _, is_first in marked]), first, second)
    assert [merged[i].tolist() for i in range(len(rows))] == rows
