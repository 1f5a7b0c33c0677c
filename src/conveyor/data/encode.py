"""Encodes rows into the splits of the store, and counts what encoding loses."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from math import modf
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.data.copy import SplitRows
from conveyor.data.store import SPLITS
from conveyor.data.write import open_split
from conveyor.encoding import Encoder, Ragged
from conveyor.encoding.network_inputs import StaticInputs
from conveyor.metrics import Targets
from conveyor.progress import progress_bar


class Tally:
    """Encodes the rows of a split, and counts what encoding changes.

    Attributes:
        truncated: rows that were cut to the encoder's `max_length`.
        missing: numbers of missing values, and of the rows that have any; 0 for text.
        static: by static column the rows without a value, `missing`, and for categories those with
            one that no training row has, `new`.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.truncated = self._tokens = self._unknown = 0
        self.missing = {"rows": 0, "values": 0}
        self.static: dict[str, Counter[str]] = {}
        if encoder.static is not None:
            self.static = {name: Counter(missing=0) for name in encoder.static.numbers}
            self.static |= {name: Counter(missing=0, new=0) for name in encoder.static.categories}
        self._rows_by_length = np.zeros(1, np.int64)

    def encode(self, batch: pa.RecordBatch) -> tuple[Ragged, StaticInputs | None]:
        """Encode sequences and static columns of a `RowCopy`, and add them to the counts."""
        sequences = self._encode_sequences(batch.column("raw"))
        if self._encoder.static is None:
            return sequences, None
        static = batch.column("static")
        for name, counts in self.static.items():
            counts["missing"] += static.field(name).null_count
        for name, categories in self._encoder.static.categories.items():
            is_new = pc.invert(pc.is_in(static.field(name).drop_null(), pa.array(categories)))
            self.static[name]["new"] += pc.sum(is_new).as_py() or 0
        return sequences, self._encoder.static.encode_arrow(static)

    def _encode_sequences(self, raw: pa.Array) -> Ragged:
        whole = self._encoder.read_arrow(raw)
        encoded = self._encoder.finish(whole)
        if self._encoder.max_length is not None:
            self.truncated += int((whole.lengths > self._encoder.max_length).sum())
        if self._encoder.channels:
            missing = np.isnan(whole.values)  # (steps, channels)
            before = np.concatenate([[0], np.cumsum(missing.any(axis=1))])[whole.offsets]
            self.missing["rows"] += int((np.diff(before) > 0).sum())
            self.missing["values"] += int(missing.sum())
        if self._encoder.unknown_token is not None:
            self._tokens += len(encoded.values)
            self._unknown += int(self._encoder.find_unknown(encoded.values).sum())
        counts = np.bincount(encoded.lengths, minlength=len(self._rows_by_length))
        counts[: len(self._rows_by_length)] += self._rows_by_length
        self._rows_by_length = counts
        return encoded

    @property
    def unknown_share(self) -> float:
        return self._unknown / max(1, self._tokens)

    def lengths(self) -> dict[str, float]:
        """Percentiles of the rows' lengths."""
        percentiles = {"min": 0, "median": 50, "p95": 95, "max": 100}
        return {name: percentile(self._rows_by_length, q) for name, q in percentiles.items()}


def describe_static(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Return `static`, the counts of the static columns by split; nothing if there are none."""
    counts = {
        name: {column: dict(count) for column, count in tally.static.items()}
        for name, tally in tallies.items()
    }
    return {"static": counts} if any(counts.values()) else {}


def percentile(rows_by_length: NDArray[np.int64], q: int) -> float:
    """Return `np.percentile` of the rows' lengths, without an array of all rows.

    Args:
        rows_by_length: number of rows of each length, from 0.
    """
    ends = np.cumsum(rows_by_length)
    share, place = modf(q / 100 * (ends[-1] - 1))  # between two of the sorted rows
    return float(np.quantile(np.searchsorted(ends, [place, place + 1], side="right"), share))


def write_rows(
    rows: SplitRows, targets: Targets, encoder: Encoder, folder: Path
) -> dict[str, Tally]:
    """Encode each row that is in a split, and write it to the split's folder.

    Args:
        targets: the encoded target of each key, first axis (keys,).
    """
    tallies = {name: Tally(encoder) for name in SPLITS}
    with ExitStack() as stack:
        writers = {n: stack.enter_context(open_split(folder / n, encoder)) for n in SPLITS}
        progress = stack.enter_context(progress_bar("encoding", " rows", len(rows.copy)))
        for name, batch, codes in rows.batches():
            writers[name].add(batch, targets[codes], *tallies[name].encode(batch))
            progress.update(len(batch))
    return tallies
