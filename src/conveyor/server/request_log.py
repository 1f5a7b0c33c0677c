"""A sample of what was asked and answered, as Parquet files that stay few and small.

No raw row is kept unless it is asked for: only its length, the answer, the version, the time and,
for text, how many of its tokens the model has never seen.
"""

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conveyor import files
from conveyor.encoding import TextEncoder
from conveyor.server.live_model import Served
from conveyor.serving import Predictions

log = logging.getLogger(__name__)
UNKNOWN = 1  # the token of every word that training did not have
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        ("version", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float32()),
        ("length", pa.int32()),  # tokens or steps that the model read
        ("unknown", pa.int32()),  # tokens among them; null for series
        ("text", pa.string()),  # these two only if rows are kept
        ("series", pa.list_(pa.list_(pa.float64()))),
    ]
)


@dataclass
class RequestLog:
    """Writes a file when `rows_per_file` are together, a minute has gone by, or at the end.

    Attributes:
        share: of the requests, 0 to 1; a request is noted whole or not at all.
        files_kept: the oldest files above it are removed.
    """

    folder: Path
    share: float
    rows_per_file: int = 10_000
    files_kept: int = 100
    keep_rows: bool = False
    every: float = 60.0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, served: Served, rows: Sequence[Any], answers: Predictions) -> None:
        """Note a request, or pass it over. What fails here is logged and fails no request."""
        if random.random() >= self.share:
            return
        try:
            noted = self._noted(served, rows, answers)
            with self.lock:
                self.waiting += noted
                if len(self.waiting) >= self.rows_per_file or self._is_late():
                    self._write()
        except Exception:
            log.exception("a request could not be noted in %s", self.folder)

    def flush(self) -> None:
        """Write what is waiting."""
        with self.lock:
            self._write()

    def _is_late(self) -> bool:
        return time.monotonic() - self.since >= self.every

    def _noted(
        self, served: Served, rows: Sequence[Any], answers: Predictions
    ) -> list[dict[str, Any]]:
        encoder, now = served.predictor.encoder, time.time_ns() // 1000
        sequences = encoder.encode(rows)
        told = zip(answers.labels, answers.best.tolist(), strict=True)
        noted = []
        for number, (label, probability) in enumerate(told):
            one: dict[str, Any] = {
                "time": now, "version": served.version, "label": label,
                "probability": probability, "length": len(sequences[number]),
            }  # fmt: skip
            if isinstance(encoder, TextEncoder):
                one["unknown"] = int((sequences[number] == UNKNOWN).sum())
            if self.keep_rows:
                row = rows[number]
                one[encoder.kind] = row if isinstance(row, str) else np.asarray(row).tolist()
            noted.append(one)
        return noted

    def _write(self) -> None:
        waiting, self.waiting, self.since = self.waiting, [], time.monotonic()
        for start in range(0, len(waiting), self.rows_per_file):
            part = pa.Table.from_pylist(waiting[start : start + self.rows_per_file], SCHEMA)
            # Names sort by time, also those of two servers with one folder.
            path = self.folder / f"{time.time_ns():020d}-{random.getrandbits(32):08x}.parquet"
            with files.replacing_file(path) as temporary:
                pq.write_table(part, temporary)
        for old in sorted(self.folder.glob("*.parquet"))[: -self.files_kept]:
            old.unlink(missing_ok=True)


def read_log(folder: Path) -> pa.Table:
    """All noted answers, oldest file first; columns as in SCHEMA, no row where there is no file."""
    parts = [pq.read_table(path, schema=SCHEMA) for path in sorted(folder.glob("*.parquet"))]
    return pa.concat_tables(parts) if parts else SCHEMA.empty_table()
