"""One pass over every row: what can be used, what it is, what it equals."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from conveyor.data.arrow import flat, plain
from conveyor.data.rows import NO_PROBLEM, Codes, Named, RowReader, Rows, auto_ids


@dataclass
class Scan:
    """Up to 15 bytes a row, whatever its length; rows are numbered through all parts.

    Attributes:
        parts: their names; part p has the rows from `starts[p]` up to `starts[p + 1]`.
        label_names: sorted; `labels` are codes into them, -1 for rows with a problem.
        group_names: sorted; `groups` are codes into them. None without a group column.
        problems: codes into PROBLEMS, NO_PROBLEM for a usable row.
        empty: usable rows that have no content.
        marks: (rows, 2), where a split column says test row, or validation row; None without one.
        inputs: rows of equal input, and no others, have equal numbers.
        copy: the rows.
    """

    parts: list[str]
    starts: NDArray[np.int64]
    label_names: list[str]
    labels: Codes
    group_names: list[str]
    groups: Codes | None
    problems: NDArray[np.int8]
    empty: NDArray[np.bool_]
    marks: NDArray[np.bool_] | None
    inputs: Codes
    copy: "Copy"

    def __len__(self) -> int:
        return len(self.labels)

    def usable(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.problems == NO_PROBLEM)

    def part_of(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """The part of each row, a position in `parts`."""
        return (np.searchsorted(self.starts, rows, side="right") - 1).astype(np.int8)

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Ids of some rows, read from the copy."""
        return [one for row in rows for one in self.named(self.copy.row(row), row).to_pylist()]

    def named(self, batch: pa.RecordBatch, first: int) -> pa.Array:
        """Ids of a batch of the copy, whose first row is number `first`; own or made."""
        numbers = np.arange(first, first + len(batch))
        part = int(self.part_of(numbers[:1])[0])  # no batch has rows of two
        ids = auto_ids(self.parts[part], (numbers - self.starts[part]).tolist())
        return batch.column("id").fill_null(ids) if "id" in batch.schema.names else ids


class Copy:
    """The rows as they came, on disk, in a file without a name that goes with the process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer: Any = None
        self._reader: Any = None
        self._ends: list[int] = []

    def add(self, rows: Rows) -> None:
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


class _Column:
    """An array that grows in place, where concatenated pieces would be in memory twice."""

    def __init__(self, dtype: Any, width: int | None = None) -> None:
        self._values = np.empty((0,) if width is None else (0, width), dtype)
        self._rows = 0

    def add(self, values: NDArray[Any]) -> None:
        end = self._rows + len(values)
        if end > len(self._values):
            self._resize(end + end // 8)
        self._values[self._rows : end] = values
        self._rows = end

    def take(self) -> NDArray[Any]:
        """The whole array; the column is of no use afterwards."""
        self._resize(self._rows)
        return self._values

    def _resize(self, rows: int) -> None:
        self._values.resize((rows, *self._values.shape[1:]), refcheck=False)


@dataclass
class _Names:
    """Numbers names in order of appearance, and in their own order at last."""

    known: dict[str, int] = field(default_factory=dict)
    codes: _Column = field(default_factory=lambda: _Column(np.int32))

    def add(self, named: Named, used: NDArray[np.bool_]) -> None:
        codes = np.where(used, named.codes, -1)
        own = np.full(len(named.names) + 1, -1, np.int32)
        for code in np.unique(codes[used]):
            own[code] = self.known.setdefault(named.names[code], len(self.known))
        self.codes.add(np.where(used, own[codes], -1))

    def take(self) -> tuple[list[str], Codes]:
        codes, order = self.codes.take(), sorted(self.known)
        place = np.empty(len(order) + 1, np.int32)
        place[[self.known[name] for name in order]] = np.arange(len(order))
        place[-1] = -1
        return order, place[codes]


def scan(readers: list[RowReader], scratch: Path) -> Scan:
    """Read every row once, batch by batch, and copy it into `scratch`.

    While this runs, memory holds about 50 bytes a row.
    """
    labels, groups, copy = _Names(), _Names(), Copy(scratch)
    problems, empty, digests = _Column(np.int8), _Column(np.bool_), _Column(np.uint64, 2)
    marks = _Column(np.bool_, 2)
    grouped = readers[0].config.split.group is not None
    marked = any(take.by == "column" for take in readers[0].takes)
    starts, count = [0], 0
    for reader in readers:
        with tqdm(desc=f"reading {reader.part.name}", unit=" rows", disable=None) as progress:
            for rows in reader.rows():
                usable = rows.problems < 0
                labels.add(rows.labels, usable)
                if rows.groups is not None:
                    groups.add(rows.groups, np.ones(len(usable), np.bool_))
                if marked:
                    marks.add(rows.marks)
                problems.add(rows.problems)
                empty.add(usable & _empty(rows.raw))
                digests.add(_digests(rows.raw))
                copy.add(rows)
                progress.update(len(usable))
                count += len(usable)
        starts.append(count)
    copy.finish()
    label_names, label_codes = labels.take()
    group_names, group_codes = groups.take()
    return Scan(
        [reader.part.name for reader in readers], np.array(starts), label_names, label_codes,
        group_names, group_codes if grouped else None, problems.take(), empty.take(),
        marks.take() if marked else None, _numbered(digests.take()), copy,
    )  # fmt: skip


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


def _numbered(digests: NDArray[np.uint64]) -> Codes:
    """Equal digests get equal numbers; sixteenth by sixteenth, so that sorting takes no room."""
    numbers, count = np.empty(len(digests), np.int32), 0
    share = digests.view(np.uint8)[:, 0] & 15
    for piece in range(16):
        rows = np.flatnonzero(share == piece)
        some = digests[rows]
        order = np.lexsort((some[:, 0], some[:, 1]))
        some = some[order]
        first = np.ones(len(rows), np.bool_)
        first[1:] = (some[1:] != some[:-1]).any(axis=1)
        numbers[rows[order]] = count + np.cumsum(first) - 1
        count += int(first.sum())
    return numbers
