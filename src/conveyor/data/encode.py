"""Rows to their splits in the store, encoded; and what encoding costs."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.data.arrow import chosen, numbers, texts
from conveyor.data.scan import Scan
from conveyor.data.split import SPLITS
from conveyor.data.write import SplitWriter
from conveyor.encoding import Encoder, Ragged


class Tally:
    """What encoding does to the rows of a split.

    Attributes:
        truncated: rows that were cut.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.truncated = self._tokens = self._unknown = 0
        self._rows_by_length = np.zeros(1, np.int64)

    def encode(self, raw: pa.Array) -> Ragged:
        """Encode some rows, and count."""
        whole = self._encoder.read_arrow(raw)
        encoded = self._encoder.finish(whole)
        if self._encoder.max_length is not None:
            self.truncated += int((whole.lengths > self._encoder.max_length).sum())
        if self._encoder.unknown_token is not None:
            self._tokens += len(encoded.values)
            self._unknown += int((encoded.values == self._encoder.unknown_token).sum())
        counts = np.bincount(encoded.lengths, minlength=len(self._rows_by_length))
        counts[: len(self._rows_by_length)] += self._rows_by_length
        self._rows_by_length = counts
        return encoded

    @property
    def unknown_share(self) -> float:
        return self._unknown / max(1, self._tokens)

    def lengths(self) -> dict[str, float]:
        """Percentiles of the rows' lengths, as `np.percentile` interpolates them."""
        marks = {"min": 0, "median": 50, "p95": 95, "max": 100}
        return {mark: percentile(self._rows_by_length, q) for mark, q in marks.items()}


def percentile(rows_by_length: NDArray[np.int64], q: int) -> float:
    """`np.percentile` of lengths of which it is only known how many rows have each.

    >>> percentile(np.bincount([3, 4, 4, 9]), 50), float(np.percentile([3, 4, 4, 9], 50))
    (4.0, 4.0)
    """
    ends = np.cumsum(rows_by_length)
    place = q / 100 * (int(ends[-1]) - 1)
    share = place - np.floor(place)
    low, high = np.searchsorted(ends, [np.floor(place), np.ceil(place)], side="right").tolist()
    # From the nearer of the two, as NumPy does it, so that even the last bit is the same.
    return float(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))


def write_rows(found: Scan, classes: list[str], encoder: Encoder, folder: Path) -> dict[str, Tally]:
    """Encode every row that is in a split, and write it to that one's folder."""
    code = {name: number for number, name in enumerate(classes)}
    class_of = np.array([code.get(name, -1) for name in found.label_names], np.int32)
    names = texts(classes)
    tallies = {name: Tally(encoder) for name in SPLITS}
    with ExitStack() as open_files:
        writers = [
            open_files.enter_context(SplitWriter(folder / name, encoder.kind)) for name in SPLITS
        ]
        progress = open_files.enter_context(
            tqdm(desc="encoding", total=len(found.ledger), unit=" rows", disable=None)
        )
        for start, batch in found.copy.batches():
            records, ids = found.ledger[start : start + len(batch)], found.named(batch, start)
            codes = class_of[records["label"]]
            for number, (writer, tally) in enumerate(zip(writers, tallies.values(), strict=True)):
                mask = records["split"] == number
                if mask.any():
                    raw, some = chosen(batch.column("raw"), mask), codes[mask]
                    writer.add(chosen(ids, mask), raw, names.take(numbers(some)), some,
                               tally.encode(raw))  # fmt: skip
            progress.update(len(batch))
    return tallies
