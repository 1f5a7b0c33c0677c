"""Operating curves as points, for pictures and for `dvc plots`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Curves:
    """Points of both curves, each pair (x, y) from the strictest threshold to the loosest.

    Attributes:
        roc: false positive rate, true positive rate.
        pr: recall, precision.
    """

    roc: tuple[Floats, Floats]
    pr: tuple[Floats, Floats]

    @classmethod
    def of(cls, positive: NDArray[np.bool_], score: Floats) -> "Curves":
        false_rate, true_rate, _ = roc_curve(positive, score)
        precision, recall, _ = precision_recall_curve(positive, score, drop_intermediate=True)
        return cls((false_rate, true_rate), (recall[::-1], precision[::-1]))


def one_against_rest(
    labels: NDArray[np.integer], probabilities: Floats, classes: Sequence[str]
) -> dict[str, Curves]:
    """Curves of each class that occurs beside others; of class 1 alone where there are two."""
    shown = range(len(classes)) if len(classes) > 2 else (1,)
    return {
        classes[c]: Curves.of(labels == c, probabilities[:, c])
        for c in shown if (labels == c).any() and (labels != c).any()
    }  # fmt: skip


def pooled(labels: NDArray[np.integer], probabilities: Floats) -> Curves:
    """One curve for all classes: every (row, class) pair is a decision (the micro-average)."""
    if probabilities.shape[1] == 2:
        return Curves.of(labels == 1, probabilities[:, 1])
    truth = np.eye(probabilities.shape[1], dtype=bool)[labels]
    return Curves.of(truth.ravel(), probabilities.ravel())
