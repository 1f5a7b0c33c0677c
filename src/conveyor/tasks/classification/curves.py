"""Operating curves as points, for the plots of a report and for `dvc plots`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from conveyor.metrics import Outputs
from conveyor.tasks.curves import compute_precision_recall


@dataclass(frozen=True)
class Curves:
    """Points (x, y) of two operating curves, from the strictest threshold to the loosest.

    Attributes:
        roc: false positive rate, true positive rate.
        pr: recall, precision.
    """

    roc: tuple[Outputs, Outputs]
    pr: tuple[Outputs, Outputs]


def compute_curves(positive: NDArray[np.bool_], score: Outputs) -> Curves:
    """Compute the ROC and the precision-recall curve of one binary decision.

    Args:
        positive: bool (rows,).
        score: probability of the positive class, (rows,).
    """
    false_rate, true_rate, _ = roc_curve(positive, score)
    return Curves((false_rate, true_rate), compute_precision_recall(positive, score))


def compute_class_curves(
    labels: NDArray[np.integer], probabilities: Outputs, classes: Sequence[str]
) -> dict[str, Curves]:
    """Compute the curves of each class that occurs beside others, against the rest.

    Of two classes, only class 1 has curves.

    Args:
        probabilities: (rows, classes).
    """
    columns = range(len(classes)) if len(classes) > 2 else (1,)
    return {
        classes[column]: compute_curves(labels == column, probabilities[:, column])
        for column in columns
        if (labels == column).any() and (labels != column).any()
    }


def compute_pooled_curves(labels: NDArray[np.integer], probabilities: Outputs) -> Curves:
    """Compute the curves of all classes: each (row, class) pair is a decision (micro-average)."""
    if probabilities.shape[1] == 2:
        return compute_curves(labels == 1, probabilities[:, 1])
    truth = np.eye(probabilities.shape[1], dtype=bool)[labels]  # (rows, classes)
    return compute_curves(truth.ravel(), probabilities.ravel())
