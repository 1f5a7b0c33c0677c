"""Facts about each row, as records in a memory-mapped file."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 15  # rows in memory during a pass

Records = NDArray[Any]  # of ROW
ROW = np.dtype(
    [
        ("digest", np.uint64, (2,)),  # equal for rows of equal input only
        ("label", np.int32),  # a code into the sorted names, -1 for rows with a problem
        ("group", np.int32),  # likewise; without meaning if there is no group column
        ("part", np.int8),  # of the source
        ("problem", np.int8),  # a code into PROBLEMS, NO_PROBLEM for a usable row
        ("split", np.int8),  # a position in SPLITS, or NO_SPLIT
        ("empty", np.bool_),  # a usable row without content
        ("marks", np.bool_, (2,)),  # whether a split column marks a test or a validation row
    ]
)


def chunks(index: Records) -> Iterator[tuple[int, Records]]:
    """Yield the number of a chunk's first row and a view of the chunk, until the last row."""
    for start in range(0, len(index), CHUNK):
        yield start, index[start : start + CHUNK]
