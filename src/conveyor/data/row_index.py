"""Facts about each row, in a memory-mapped file for each fact."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHUNK = 1 << 15  # rows in memory during a pass

COLUMNS = {
    "digest": np.dtype((np.uint64, (2,))),  # equal for rows of equal input only
    "target": np.dtype(np.int32),  # a code into the sorted keys, -1 for rows with a problem
    "group": np.dtype(np.int32),  # likewise; 0 if there is no group column
    "part": np.dtype(np.int8),  # of the source
    "problem": np.dtype(np.int8),  # a code into PROBLEMS, NO_PROBLEM for a usable row
    "split": np.dtype(np.int8),  # a position in SPLITS, or NO_SPLIT
    "empty": np.dtype(np.bool_),  # a usable row without content
    "marks": np.dtype((np.bool_, (2,))),  # whether a split column marks a test or validation row
}


class RowIndex:
    """The facts about all rows, in unnamed temporary files that end with the process.

    `index["target"]` is a column, (rows,) or (rows, 2), that can be changed. It is mapped anew each
    time, so that no pass holds the pages of another.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {name: tempfile.TemporaryFile(dir=folder) for name in COLUMNS}  # noqa: SIM115
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, column: str) -> NDArray[Any]:
        return np.memmap(self._files[column], COLUMNS[column], "r+")

    def add(self, rows: int, **values: ArrayLike) -> None:
        """Append rows with the values of some columns; the other columns are 0."""
        for name, file in self._files.items():
            column = np.zeros(rows, COLUMNS[name])
            column[:] = values.get(name, 0)
            file.write(column.tobytes())
            file.flush()
        self._rows += rows

    def chunks(self) -> Iterator[slice]:
        """Yield slices of rows that cover all rows."""
        for start in range(0, len(self), CHUNK):
            yield slice(start, start + CHUNK)
