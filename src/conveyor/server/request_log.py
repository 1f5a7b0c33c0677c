"""A sample of requests and predictions, in a limited number of small Parquet files.

Raw rows are recorded only on demand. Without them a row's record has its length, the main fields of
the answer, the version, the time, the seconds of the prediction and, for text, the number of tokens
that are unknown to the model; and, where a shadow runs, its answer and how it differs.
"""

import logging
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conveyor import files
from conveyor.data.static import static_type
from conveyor.raw_row import sequence_of, sequence_to_plain, sequences_of, static_of, to_text
from conveyor.server.shadow import AnsweredRequest, ShadowAnswer
from conveyor.serving import LoadedModel

log = logging.getLogger(__name__)
REQUEST = pa.schema(
    {"time": pa.timestamp("us", tz="UTC"), "version": pa.string(), "seconds": pa.float32()}
)
# Of the second model that `--shadow` names; null without one, or where it failed.
SHADOW = pa.struct(
    {"version": pa.string(), "seconds": pa.float32(), "answer": pa.string(),
     "disagrees": pa.bool_(), "difference": pa.float32()}
)  # fmt: skip
ROW = pa.schema(
    {
        "length": pa.int32(),  # tokens or steps that the model read
        "unknown": pa.int32(),  # unknown tokens among them; null for series
        "text": pa.string(),  # the raw row, in one of these two, if it is recorded
        "series": pa.list_(pa.list_(pa.float64())),
        "shadow": SHADOW,
    }
)


@dataclass
class RequestLog:
    """Records a share of the requests.

    A file is written when `rows_per_file` rows are waiting, with the first request after
    `interval` seconds, and by `flush`.

    Attributes:
        share: of the requests, 0 to 1; all rows of a request are recorded, or none. 0 is off.
        max_files: the oldest files above this number are removed.
        raw_rows: record the raw rows, too.
    """

    folder: Path
    share: float
    rows_per_file: int = 10_000
    max_files: int = 100
    raw_rows: bool = False
    interval: float = 60.0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    last_write: float = field(default_factory=time.monotonic)
    lock: threading.RLock = field(default_factory=threading.RLock)
    model: LoadedModel | None = None  # of the waiting records

    def add(self, request: AnsweredRequest, shadow: ShadowAnswer | None = None) -> None:
        """Record a request, or ignore it by chance. An error is logged and fails no request."""
        if random.random() >= self.share:
            return
        try:
            records = self._records(request)
            for record, fields in zip(records, shadow.records() if shadow else (), strict=False):
                record["shadow"] = fields
            with self.lock:
                if self.model is not request.live.model:  # another model may have other fields
                    self.flush()
                    self.model = request.live.model
                self.waiting += records
                is_late = time.monotonic() - self.last_write >= self.interval
                if len(self.waiting) >= self.rows_per_file or is_late:
                    self.flush()
        except Exception:
            log.exception("a request could not be recorded in %s", self.folder)

    def flush(self) -> None:
        """Write the waiting rows."""
        with self.lock:
            waiting, self.waiting, self.last_write = self.waiting, [], time.monotonic()
            if not waiting or self.model is None:
                return
            schema = _schema(self.model)
            for start in range(0, len(waiting), self.rows_per_file):
                part = pa.Table.from_pylist(waiting[start : start + self.rows_per_file], schema)
                # Names sort by time, also where two servers share a folder.
                path = self.folder / f"{time.time_ns():020d}-{random.getrandbits(32):08x}.parquet"
                with files.replacing_file(path) as temporary:
                    pq.write_table(part, temporary)
            for old in sorted(self.folder.glob("*.parquet"))[: -self.max_files]:
                old.unlink(missing_ok=True)

    def _records(self, request: AnsweredRequest) -> list[dict[str, Any]]:
        live, predictions = request.live, request.predictions
        encoder, now = live.model.encoder, time.time_ns() // 1000
        rows = [encoder.check_row(row) for row in request.rows]
        sequences, has_tokens = (
            encoder.encode(sequences_of(rows)),
            encoder.unknown_token is not None,
        )
        logged = predictions.task.answers.logged
        records: list[dict[str, Any]] = []
        for number, (raw, row, answer) in enumerate(
            zip(request.rows, rows, predictions.records(), strict=True)
        ):
            units = sequences[number]
            record: dict[str, Any] = {
                "time": now,
                "version": live.version,
                "seconds": request.seconds,
                **{name: answer[name] for name in logged},
                "length": len(units),
                "unknown": int(encoder.find_unknown(units).sum()) if has_tokens else None,
            }
            if self.raw_rows:
                sequence = sequence_of(row)
                record[encoder.column] = (
                    sequence_to_plain(sequence)
                    if to_text(sequence) is None
                    else to_text(sequence_of(raw))  # as it was sent: spans have their place in it
                )
                record["static"] = static_of(row)
            records.append(record)
        return records


def _schema(model: LoadedModel) -> pa.Schema:
    """Of the records of a model: `static` holds the static columns of a raw row, if it has any."""
    answers, static = model.task.answers, model.encoder.static
    fields = [answers.schema.field(name) for name in answers.logged]
    own = [] if static is None else [pa.field("static", static_type(static))]
    return pa.schema([*REQUEST, *fields, *ROW, *own])
