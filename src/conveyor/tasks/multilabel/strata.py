"""Strata of label sets, from which splits and folds draw equal shares."""

import numpy as np
from numpy.typing import NDArray

MIN_SET_ROWS = 10  # of a set of labels that is a stratum of its own


def stratify(sets: NDArray[np.bool_], rows: NDArray[np.integer]) -> NDArray[np.int32]:
    """Assign a stratum to each set of labels.

    A set of at least MIN_SET_ROWS rows is a stratum. The rows of rarer sets are joined by their
    rarest label, so that each split gets some rows of it. Empty sets, and rows that would be alone
    in their stratum and so never be drawn, share one stratum.

    Args:
        sets: which labels are in each set, (sets, labels).
        rows: of each set, (sets,).

    Returns:
        (sets,).
    """
    width = sets.shape[1]
    remainder = width
    by_label = np.append(rows @ sets, 0)  # rows of each label, (labels + 1,)
    ranked = np.where(sets, by_label[:-1], np.iinfo(np.int64).max)  # (sets, labels)
    rarest = ranked.argmin(axis=1) if width else np.zeros(len(sets), np.int64)
    strata = np.where(sets.any(axis=1), rarest, remainder)
    sizes = np.bincount(strata, np.where(rows < MIN_SET_ROWS, rows, 0), minlength=width + 1)
    strata[sizes[strata] == 1] = remainder
    frequent = rows >= MIN_SET_ROWS
    strata[frequent] = remainder + 1 + np.flatnonzero(frequent)
    return strata.astype(np.int32)
