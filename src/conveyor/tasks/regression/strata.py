"""Strata and slices of rows by the quantiles of their targets."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

MAX_STRATA = 10
ROWS_PER_STRATUM = 10  # so that a share of a tenth takes a row of each
SLICES = 4  # of each column
DIGITS = range(4, 18)  # of numbers in names; the last one tells any two apart

Values = NDArray[np.float64]  # (rows, columns)


def assign_strata(values: Values, rows: NDArray[np.integer]) -> NDArray[np.int32]:
    """Cut the range of each column at quantiles; a stratum is one combination of parts.

    With several columns each has fewer parts, so that the number of strata stays the same.

    Args:
        values: different targets, (targets, columns).
        rows: number of rows of each, (targets,).

    Returns:
        The stratum of each target, (targets,); equal targets are in one stratum.
    """
    total, columns = rows.sum(), values.shape[1]
    wanted = min(MAX_STRATA, max(1, total // ROWS_PER_STRATUM))
    parts = max(1, int(wanted ** (1 / columns) + 1e-9))  # of each column
    strata = np.zeros(len(values), np.int32)
    for column in values.T:
        _, positions = np.unique(column, return_inverse=True)
        counts = np.bincount(positions, rows)
        middle = np.cumsum(counts) - counts / 2  # position of each value among all rows
        strata = strata * parts + (middle * parts / total).astype(np.int32)[positions]
    return strata


def slice_by_target(
    values: Values, columns: Sequence[str]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield name and rows, bool (rows,), of the quarters of the rows by each target.

    Equal targets are in one slice, so there may be fewer slices. A name has as many digits as tell
    the slices of its target apart.
    """
    for name, column in zip(columns, values.T, strict=True):
        edges = np.quantile(column, np.linspace(0, 1, SLICES + 1)[1:-1])
        part = np.searchsorted(edges, column, side="left")  # (rows,)
        slices = [part == number for number in np.unique(part)]
        bounds = [(column[rows].min(), column[rows].max()) for rows in slices]
        names = next(filter(_are_different, (_name_ranges(bounds, d) for d in DIGITS)))
        for text, rows in zip(names, slices, strict=True):
            yield f"{name} {text}", rows


def _name_ranges(bounds: Sequence[tuple[float, float]], digits: int) -> list[str]:
    return [f"{low:.{digits}g} to {high:.{digits}g}" for low, high in bounds]


def _are_different(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)
