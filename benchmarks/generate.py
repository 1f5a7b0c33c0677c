"""Writes any number of generated sentences, chunk by chunk."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

VOCABULARY_SIZE, CHUNK = 30_000, 50_000
LETTERS = "etaoinshrdlucmfwypvbgk"
CLASSES = ("billing", "delivery", "praise", "question", "returns", "technical", "other")


def draw_vocabulary(draw: np.random.Generator) -> pa.Array:
    """Draw distinct words: frequent ones are short, and a few have accents or capitals."""
    vocabulary: dict[str, None] = {}
    while len(vocabulary) < VOCABULARY_SIZE:
        length = min(12, 1 + int(np.log2(len(vocabulary) + 2) / 1.6) + int(draw.integers(0, 4)))
        word = "".join(draw.choice(list(LETTERS), length))
        if draw.random() < 0.02:
            word = word.replace("e", "é")
        vocabulary[word.capitalize() if draw.random() < 0.05 else word] = None
    return pa.array(list(vocabulary))


def draw_rows(
    draw: np.random.Generator, vocabulary: pa.Array, count: int, length: tuple[int, int, int]
) -> pa.Table:
    """Draw sentences of Zipf-distributed words, most with a punctuation mark at the end."""
    least, mean, most = length
    lengths = np.clip(draw.poisson(mean, count), least, most)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ranks = (VOCABULARY_SIZE ** draw.random(offsets[-1]) - 1).astype(np.int32)
    texts = pa.compute.binary_join(pa.ListArray.from_arrays(offsets, vocabulary.take(ranks)), " ")
    ends = pa.array([".", "?", " !", ""]).take(pa.array(draw.integers(0, 4, count)))
    targets = pa.array(CLASSES).take(pa.array(draw.integers(0, len(CLASSES), count)))
    return pa.table(
        {"text": pa.compute.binary_join_element_wise(texts, ends, ""), "label": targets}
    )


def write_sentences(path: Path, count: int, length: tuple[int, int, int] = (3, 9, 24)) -> Path:
    """Write `count` rows of `text` and `label`, as Parquet or CSV by the suffix of the file's name.

    Args:
        length: least, mean and largest number of words in a sentence.
    """
    draw = np.random.default_rng(0)
    vocabulary = draw_vocabulary(draw)
    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    kinds: dict[str, Any] = {".parquet": pq.ParquetWriter, ".csv": pc.CSVWriter}
    with kinds[path.suffix](str(path), schema) as writer:
        for start in range(0, count, CHUNK):
            writer.write_table(draw_rows(draw, vocabulary, min(CHUNK, count - start), length))
    return path
