"""Parts of the rows by their length."""

import itertools

import numpy as np
from numpy.typing import NDArray


def slices_by_length(
    lengths: NDArray[np.integer], count: int
) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Rows by quantiles of length; a quantile that holds no other length joins its neighbour.

    Args:
        lengths: steps of each row, int (rows,).

    Returns:
        (first length, last length, rows as bool (rows,)), shortest first; empty where all rows
        have one length.
    """
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, count + 1)).round())
    edges[-1] += 1
    parts = []
    for low, high in itertools.pairwise(edges) if len(edges) > 1 else []:
        inside = (lengths >= low) & (lengths < high)
        if inside.any():
            parts.append((int(low), int(high) - 1, inside))
    return parts
