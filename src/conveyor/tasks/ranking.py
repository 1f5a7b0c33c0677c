"""How well scores rank the positive rows of several binary questions."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]  # (questions, rows + 1)


def count_by_threshold(
    positive: NDArray[np.bool_], scores: NDArray[np.floating]
) -> tuple[Counts, Counts]:
    """Count the rows predicted positive, and the true positives among them, at each threshold.

    Args:
        positive: (questions, rows), as `scores`.

    Returns:
        Two arrays (questions, rows + 1), from the highest threshold, with no positive row, to the
        lowest; rows of equal score become positive together.
    """
    rows = positive.shape[1]
    negated = np.ascontiguousarray(-scores)
    order = np.argsort(negated, axis=1)
    negated = np.take_along_axis(negated, order, axis=1)
    is_positive = np.take_along_axis(positive, order, axis=1)
    ends = np.full(negated.shape, rows)  # where the run of equal scores ends
    ends[:, :-1] = np.where(np.diff(negated, axis=1) != 0, np.arange(1, rows), rows)
    positives = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    true_positives = np.take_along_axis(is_positive.cumsum(axis=1), positives - 1, axis=1)
    zero = np.zeros((len(positive), 1), dtype=np.int64)
    return np.hstack([zero, positives]), np.hstack([zero, true_positives])


def average_precision(positives: Counts, true_positives: Counts) -> NDArray[np.float64]:
    """Compute the average precision of each question from the counts of `count_by_threshold`.

    Returns:
        (questions,); each needs a positive row.
    """
    gained = np.diff(true_positives, axis=1)
    weighted = gained * true_positives[:, 1:] / np.maximum(positives[:, 1:], 1)
    return weighted.sum(axis=1) / true_positives[:, -1]
