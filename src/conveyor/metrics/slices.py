"""Slices of the rows by their length."""

import itertools

import numpy as np
from numpy.typing import NDArray


def slices_by_length(
    lengths: NDArray[np.integer], count: int
) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Cut the rows into slices at quantiles of their length; equal quantiles make one slice.

    Args:
        lengths: steps of each row, int (rows,).
        count: number of slices, if no quantiles are equal.

    Returns:
        (shortest length, longest length, mask of the rows as bool (rows,)) of each slice, the
        shortest first; empty where all rows have one length.
    """
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, count + 1)).round())
    edges[-1] += 1
    slices = []
    for low, high in itertools.pairwise(edges) if len(edges) > 1 else []:
        inside = (lengths >= low) & (lengths < high)
        if inside.any():
            slices.append((int(low), int(high) - 1, inside))
    return slices
