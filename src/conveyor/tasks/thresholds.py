"""What each threshold of a score would give on some rows."""

import numpy as np
from numpy.typing import NDArray

ABOVE_ALL = 1.01  # a probability can be 1


class ThresholdCurve:
    """The rows that are predicted positive at each threshold, from none of them to all.

    Attributes:
        thresholds: each between two scores that differ, the highest first.
        predicted: rows predicted positive, (thresholds,).
        hits: true positives among them, (thresholds,).
        positives: all true rows.
    """

    def __init__(self, positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> None:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order].astype(np.float64)
        last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # of equal scores
        self.predicted = np.append(0, last + 1)
        self.hits = np.append(0, positive[order].cumsum()[last])
        self.positives = int(positive.sum())
        between = (np.append(ABOVE_ALL, ordered[last]) + np.append(ordered[last], 0.0)) / 2
        self.thresholds: list[float] = between.tolist()

    def best(self, gains: NDArray[np.number], near: float) -> int:
        """Return the position of the largest gain; of equal ones, that of the threshold nearest to
        `near`."""
        ties = np.flatnonzero(gains >= gains.max() - 1e-12)
        return int(ties[np.abs(np.array(self.thresholds)[ties] - near).argmin()])
