"""Made-up sentences of any number, written chunk by chunk."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

WORDS, CHUNK = 30_000, 50_000
LETTERS = "etaoinshrdlucmfwypvbgk"
CLASSES = ("billing", "delivery", "praise", "question", "returns", "technical", "other")


def vocabulary(draw: np.random.Generator) -> pa.Array:
    """Distinct words; the frequent ones are short, a few carry accents or capitals."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        length = min(12, 1 + int(np.log2(len(words) + 2) / 1.6) + int(draw.integers(0, 4)))
        word = "".join(draw.choice(list(LETTERS), length))
        if draw.random() < 0.02:
            word = word.replace("e", "é")
        words[word.capitalize() if draw.random() < 0.05 else word] = None
    return pa.array(list(words))


def chunk(
    draw: np.random.Generator, words: pa.Array, count: int, length: tuple[int, int, int]
) -> pa.Table:
    """Sentences of Zipf-distributed words, a full stop or question mark behind most."""
    least, mean, most = length
    lengths = np.clip(draw.poisson(mean, count), least, most)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ranks = (WORDS ** draw.random(offsets[-1]) - 1).astype(np.int32)
    texts = pa.compute.binary_join(pa.ListArray.from_arrays(offsets, words.take(ranks)), " ")
    ends = pa.array([".", "?", " !", ""]).take(pa.array(draw.integers(0, 4, count)))
    labels = pa.array(CLASSES).take(pa.array(draw.integers(0, len(CLASSES), count)))
    return pa.table({"text": pa.compute.binary_join_element_wise(texts, ends, ""), "label": labels})


def sentences(path: Path, count: int, words: tuple[int, int, int] = (3, 9, 24)) -> Path:
    """Write `count` rows of `text` and `label`; the name's end says whether Parquet or CSV.

    Args:
        words: of a sentence: the fewest, the mean, the most.
    """
    draw = np.random.default_rng(0)
    known = vocabulary(draw)
    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    kinds: dict[str, Any] = {".parquet": pq.ParquetWriter, ".csv": pc.CSVWriter}
    with kinds[path.suffix](str(path), schema) as writer:
        for start in range(0, count, CHUNK):
            writer.write_table(chunk(draw, known, min(CHUNK, count - start), words))
    return path
