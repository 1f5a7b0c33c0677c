"""What is known of each row, on disk: memory holds some thousand rows of it at a time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 15  # rows of a pass that are in memory at a time

Records = NDArray[Any]  # of ROW
ROW = np.dtype(
    [
        ("digest", np.uint64, (2,)),  # rows of equal input, and no others, have equal ones
        ("label", np.int32),  # a code into the sorted names, -1 for rows with a problem
        ("group", np.int32),  # likewise; of no meaning without a group column
        ("part", np.int8),  # of the source
        ("problem", np.int8),  # a code into PROBLEMS, NO_PROBLEM for a usable row
        ("split", np.int8),  # a position in SPLITS, or NO_SPLIT
        ("empty", np.bool_),  # a usable row that has no content
        ("marks", np.bool_, (2,)),  # where a split column says test row, or validation row
    ]
)


class Scratch:
    """Records in a file without a name, which goes with the process."""

    def __init__(self, folder: Path, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def read(self, start: int, end: int) -> Records:
        records = np.empty(end - start, self._dtype)
        self._file.seek(start * self._dtype.itemsize)
        self._file.readinto(records.view(np.uint8))  # type: ignore[attr-defined]
        return records

    def write(self, start: int, records: Records) -> None:
        self._file.seek(start * self._dtype.itemsize)
        self._file.write(records.view(np.uint8).data)


class RowIndex:
    """A record of ROW for each row, in the order in which they were read."""

    def __init__(self, folder: Path) -> None:
        self._scratch, self._rows = Scratch(folder, ROW), 0

    def __len__(self) -> int:
        return self._rows

    def add(self, records: Records) -> None:
        self._scratch.write(self._rows, records)
        self._rows += len(records)

    def __getitem__(self, rows: slice) -> Records:
        """Some rows behind one another, a copy."""
        start, end, _ = rows.indices(self._rows)
        return self._scratch.read(start, end)

    def chunks(self) -> Iterator[tuple[int, Records]]:
        """Every row, chunk by chunk, each with the number of its first row."""
        for start in range(0, self._rows, CHUNK):
            yield start, self[start : start + CHUNK]

    def changing(self) -> Iterator[Records]:
        """As `chunks`; what the loop's body writes into the records is kept."""
        for start, records in self.chunks():
            yield records
            self._scratch.write(start, records)


def dealt(hands: NDArray[np.integer], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An order in which the rows of a hand stand together, and how many each of `count` has."""
    return np.argsort(hands, kind="stable"), np.bincount(hands, minlength=count)
