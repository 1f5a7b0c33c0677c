"""One pass over every row: what can be used, what it is, what it equals."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.data.arrow import flat, plain
from conveyor.data.row_index import ROW, RowIndex
from conveyor.data.rows import NO_PROBLEM, Codes, Named, RowReader, SourceRows, auto_ids


@dataclass
class Scan:
    """What was read; of the rows, memory holds none. They are numbered through all parts.

    Attributes:
        parts: their names; part p has the rows from `starts[p]` up to `starts[p + 1]`.
        label_names: sorted.
        group_names: sorted.
        ledger: what is known of each row.
        copy: the rows.
    """

    parts: list[str]
    starts: NDArray[np.int64]
    label_names: list[str]
    group_names: list[str]
    ledger: RowIndex
    copy: "Copy"

    def ids(self, rows: Iterable[int]) -> list[str]:
        """Ids of some rows, read from the copy."""
        return [one for row in rows for one in self.named(self.copy.row(row), row).to_pylist()]

    def named(self, batch: pa.RecordBatch, first: int) -> pa.Array:
        """Ids of a batch of the copy, whose first row is number `first`; own or made."""
        part = int(np.searchsorted(self.starts, first, side="right")) - 1  # no batch has two
        start = first - int(self.starts[part])
        ids = auto_ids(self.parts[part], range(start, start + len(batch)))
        return batch.column("id").fill_null(ids) if "id" in batch.schema.names else ids


class Copy:
    """The rows as they came, on disk, in a file without a name that goes with the process."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer: Any = None
        self._reader: Any = None
        self._ends: list[int] = []

    def add(self, rows: SourceRows) -> None:
        columns = {"raw": rows.raw} | ({} if rows.ids is None else {"id": rows.ids})
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        if self._writer is None:
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, "w"), batch.schema)
        self._writer.write_batch(batch)
        self._ends.append(len(batch) + (self._ends[-1] if self._ends else 0))

    def finish(self) -> None:
        self._writer.close()
        self._reader = pa.ipc.open_file(pa.PythonFile(self._file, "r"))

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Each batch and the number of its first row."""
        for number, end in enumerate(self._ends):
            batch = self._reader.get_batch(number)
            yield end - len(batch), batch

    def row(self, row: int) -> pa.RecordBatch:
        number = int(np.searchsorted(self._ends, row, side="right"))
        start = self._ends[number - 1] if number else 0
        return self._reader.get_batch(number).slice(row - start, 1)


@dataclass
class _Names:
    """Numbers names in order of appearance, and in their own order at last."""

    known: dict[str, int] = field(default_factory=dict)

    def codes(self, named: Named, used: NDArray[np.bool_]) -> Codes:
        """Of the rows that are used, in order of appearance; -1 for the others."""
        codes = np.where(used, named.codes, -1)
        own = np.full(len(named.names) + 1, -1, np.int32)
        for code in np.unique(codes[used]):
            own[code] = self.known.setdefault(named.names[code], len(self.known))
        return np.where(used, own[codes], -1)

    def sorted(self) -> tuple[list[str], Codes]:
        """The names in order, and the place of each code so far, that of -1 too."""
        order = sorted(self.known)
        place = np.empty(len(order) + 1, np.int32)
        place[[self.known[name] for name in order]] = np.arange(len(order))
        place[-1] = -1
        return order, place


def scan(readers: list[RowReader], scratch: Path) -> Scan:
    """Read every row once, batch by batch, and copy it into `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    labels, groups, ledger, copy = _Names(), _Names(), RowIndex(scratch), Copy(scratch)
    starts = [0]
    for part, reader in enumerate(readers):
        with tqdm(desc=f"reading {reader.part.name}", unit=" rows", disable=None) as progress:
            for rows in reader.rows():
                records = np.zeros(len(rows.problems), ROW)
                usable = rows.problems == NO_PROBLEM
                records["digest"], records["part"] = _digests(rows.raw), part
                records["problem"], records["empty"] = rows.problems, usable & _empty(rows.raw)
                records["label"], records["marks"] = labels.codes(rows.labels, usable), rows.marks
                if rows.groups is not None:
                    every = np.ones(len(records), np.bool_)
                    records["group"] = groups.codes(rows.groups, every)
                ledger.add(records)
                copy.add(rows)
                progress.update(len(records))
        starts.append(len(ledger))
    copy.finish()
    (label_names, label_place), (group_names, group_place) = labels.sorted(), groups.sorted()
    for records in ledger.changing():
        records["label"] = label_place[records["label"]]
        records["group"] = group_place[records["group"]]
    parts = [reader.part.name for reader in readers]
    return Scan(parts, np.array(starts), label_names, group_names, ledger, copy)


def _empty(raw: pa.Array) -> NDArray[np.bool_]:
    """Rows without steps, or without anything but white space."""
    if not pa.types.is_string(raw.type):
        return plain(raw.value_lengths()) == 0
    return np.array([not text or text.isspace() for text in raw.to_pylist()])


def _digests(raw: pa.Array) -> NDArray[np.uint64]:
    """16 bytes a row, (rows, 2), that are equal for equal input."""
    contents: Any
    if pa.types.is_string(raw.type):
        contents = raw.cast(pa.binary()).to_pylist()
    else:
        steps, lengths = flat(raw)
        ends = np.cumsum(lengths)
        contents = [steps[e - n : e].tobytes() for e, n in zip(ends, lengths, strict=True)]
    joined = b"".join([blake2b(content, digest_size=16).digest() for content in contents])
    return np.frombuffer(joined, np.uint64).reshape(-1, 2)
