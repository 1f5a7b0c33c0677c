"""One pass over the source: reads each row, and records what it is and whether it can be used."""

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

from conveyor.data.arrow import split_steps
from conveyor.data.row_index import RowIndex
from conveyor.data.rows import NO_PROBLEM, CodedValues, Codes, RowReader, SourceRows, default_ids


@dataclass
class Scan:
    """The rows of all parts, on disk. They are numbered through all parts.

    Attributes:
        parts: names; part p has the rows from `starts[p]` up to `starts[p + 1]`.
        keys: of the targets, sorted.
        group_names: sorted.
        copy: the rows themselves.
        index: the facts about each row.
    """

    parts: list[str]
    starts: NDArray[np.int64]
    keys: list[str]
    group_names: list[str]
    copy: "RowCopy"
    index: RowIndex

    def count_keys(self, split: int | None = None) -> NDArray[np.int64]:
        """Return the number of usable rows of each key, (keys,), of one split or of all."""
        counts = np.zeros(len(self.keys) + 1, np.int64)  # the last for rows with a problem
        for chunk in self.index.chunks():
            codes = self.index["target"][chunk]
            if split is not None:
                codes = codes[self.index["split"][chunk] == split]
            counts += np.bincount(codes % len(counts), minlength=len(counts))
        return counts[:-1]

    def ids(self, rows: Iterable[int]) -> list[str]:
        """Return the ids of rows by their numbers, read from the copy."""
        return [self.batch_ids(self.copy.row(row), row)[0].as_py() for row in rows]

    def batch_ids(self, batch: pa.RecordBatch, first: int) -> pa.Array:
        """Return the ids of a batch of the copy: those of the source, else by position.

        Args:
            first: number of the batch's first row.
        """
        part = int(np.searchsorted(self.starts, first, side="right")) - 1  # a batch is in one part
        start = first - int(self.starts[part])
        ids = default_ids(self.parts[part], range(start, start + len(batch)))
        return batch.column("id").fill_null(ids) if "id" in batch.schema.names else ids


class RowCopy:
    """The rows as read, in an unnamed temporary file that the system deletes with the process."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer: Any = None
        self._reader: Any = None
        self._ends: list[int] = []

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def add(self, rows: SourceRows) -> None:
        columns = {"raw": rows.raw} | ({} if rows.ids is None else {"id": rows.ids})
        batch = pa.RecordBatch.from_pydict(columns)
        if self._writer is None:
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, "w"), batch.schema)
        self._writer.write_batch(batch)
        self._ends.append(len(self) + len(batch))

    def finish(self) -> None:
        self._writer.close()
        self._reader = pa.ipc.open_file(pa.PythonFile(self._file, "r"))

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the number of a batch's first row and the batch, until all rows are read."""
        for number, end in enumerate(self._ends):
            batch = self._reader.get_batch(number)
            yield end - len(batch), batch

    def row(self, row: int) -> pa.RecordBatch:
        """Return a batch of one row."""
        number = int(np.searchsorted(self._ends, row, side="right"))
        start = self._ends[number - 1] if number else 0
        return self._reader.get_batch(number).slice(row - start, 1)


@dataclass
class _Codes:
    """Gives each name a code, in order of appearance; `sort` maps codes to the sorted names."""

    codes: dict[str, int] = field(default_factory=dict)

    def encode(self, values: CodedValues, used: NDArray[np.bool_]) -> Codes:
        """Return the code of each row's name, (rows,); -1 for rows that are not used."""
        own_codes = np.where(used, values.codes, -1)
        codes = np.full(len(values.names) + 1, -1, np.int32)  # by the code in `values`
        for code in np.unique(own_codes[used]):
            codes[code] = self.codes.setdefault(values.names[code], len(self.codes))
        return np.where(used, codes[own_codes], -1)

    def sort(self) -> tuple[list[str], Codes]:
        """Return the sorted names, and by code the position of its name; last that of -1."""
        order = sorted(self.codes)
        positions = np.empty(len(order) + 1, np.int32)
        positions[[self.codes[name] for name in order]] = np.arange(len(order))
        positions[-1] = -1
        return order, positions


def scan_rows(readers: list[RowReader], scratch: Path) -> Scan:
    """Read each row once, batch by batch, and copy it to a file in `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    targets, groups, copy, starts = _Codes(), _Codes(), RowCopy(scratch), [0]
    index = RowIndex(scratch)
    for part, reader in enumerate(readers):
        with tqdm(desc=f"reading {reader.part.name}", unit=" rows", disable=None) as progress:
            for rows in reader.rows():
                count, usable = len(rows.problems), rows.problems == NO_PROBLEM
                index.add(
                    count,
                    digest=_digests(rows.raw),
                    part=part,
                    problem=rows.problems,
                    empty=usable & _empty(rows.raw),
                    target=targets.encode(rows.targets, usable),
                    marks=rows.marks,
                    group=0
                    if rows.groups is None
                    else groups.encode(rows.groups, np.ones(count, np.bool_)),
                )
                copy.add(rows)
                progress.update(count)
        starts.append(len(copy))
    copy.finish()
    (keys, target_positions), (group_names, group_positions) = targets.sort(), groups.sort()
    parts = [reader.part.name for reader in readers]
    for rows in index.chunks():
        index["target"][rows] = target_positions[index["target"][rows]]
        index["group"][rows] = group_positions[index["group"][rows]]
    return Scan(parts, np.array(starts), keys, group_names, copy, index)


def _empty(raw: pa.Array) -> NDArray[np.bool_]:
    """Return which rows have no steps, or nothing but white space, (rows,)."""
    if not pa.types.is_string(raw.type):
        return raw.value_lengths().to_numpy() == 0
    return np.array([not text or text.isspace() for text in raw.to_pylist()])


def _digests(raw: pa.Array) -> NDArray[np.uint64]:
    """Return 16 bytes a row, (rows, 2), that are equal for equal input."""
    contents: Any
    if pa.types.is_string(raw.type):
        contents = raw.cast(pa.binary()).to_pylist()
    else:
        contents = [steps.tobytes() for steps in split_steps(raw)]
    joined = b"".join([blake2b(content, digest_size=16).digest() for content in contents])
    return np.frombuffer(joined, np.uint64).reshape(-1, 2)
