"""The rows as read, from which they are encoded once their splits are known."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.data.store import SPLITS

COPIED = ("id", "raw", "static")


class RowCopy:
    """Ids, sequences and static values in an unnamed temporary file, which the system deletes with
    the process.

    Attributes:
        parts: numbers of the rows of each part of the source.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._writer: Any = None
        self._reader: Any = None
        self._ends: list[int] = []
        self.parts: dict[str, range] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def add(self, part: str, rows: pa.RecordBatch) -> None:
        """Add rows of `id`, `raw` and, if there are static columns, `static`; others are left."""
        rows = rows.select([name for name in COPIED if name in rows.schema.names])
        if self._writer is None:
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, "w"), rows.schema)
        self._writer.write_batch(rows)
        start = self.parts[part].start if part in self.parts else len(self)
        self._ends.append(len(self) + len(rows))
        self.parts[part] = range(start, len(self))

    def finish(self) -> None:
        self._writer.close()
        self._reader = pa.ipc.open_file(pa.PythonFile(self._file, "r"))

    def batches(self) -> Iterator[tuple[slice, pa.RecordBatch]]:
        """Yield the numbers of a batch's rows, and the batch."""
        start = 0
        for number, end in enumerate(self._ends):
            yield slice(start, end), self._reader.get_batch(number)
            start = end

    def ids(self, rows: list[int]) -> list[str]:
        """Return the ids of rows by their numbers."""
        ids = []
        for row in rows:
            number = int(np.searchsorted(self._ends, row, side="right"))
            batch = self._reader.get_batch(number)
            ids.append(batch.column("id")[row - self._ends[number]].as_py())
        return ids


@dataclass(frozen=True)
class SplitRows:
    """All rows, with the split and the key of each.

    Attributes:
        splits: a position in SPLITS, or -1 for a row that is in no split, (rows,).
        codes: of keys, (rows,); -1 likewise.
    """

    copy: RowCopy
    splits: NDArray[np.int8]
    codes: NDArray[np.signedinteger]

    def batches(self) -> Iterator[tuple[str, pa.RecordBatch, NDArray[np.signedinteger]]]:
        """Yield rows of one split, as they were added and in their order, and their codes."""
        for rows, batch in self.copy.batches():
            splits, codes = self.splits[rows], self.codes[rows]
            for position, name in enumerate(SPLITS):
                mask = splits == position  # (rows,)
                if mask.any():
                    yield name, batch.filter(pa.array(mask)), codes[mask]
