"""Operating curves as points, for the plots of a report and for `dvc plots`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from conveyor.evaluation.results import Curves, Floats, Points
from conveyor.metrics.table import LabelledPredictions, calibration, ece


def curves_of(positive: NDArray[np.bool_], score: Floats) -> Curves:
    """ROC and precision-recall curve of one yes-no decision.

    Args:
        positive: bool (rows,).
        score: of "yes", (rows,).
    """
    false_rate, true_rate, _ = roc_curve(positive, score)
    precision, recall, _ = precision_recall_curve(positive, score, drop_intermediate=True)
    return Curves((false_rate, true_rate), (recall[::-1], precision[::-1]))


def one_against_rest(
    labels: NDArray[np.integer], probabilities: Floats, classes: Sequence[str]
) -> dict[str, Curves]:
    """Curves of each class that occurs beside others; of class 1 alone where there are two."""
    columns = range(len(classes)) if len(classes) > 2 else (1,)
    return {
        classes[column]: curves_of(labels == column, probabilities[:, column])
        for column in columns
        if (labels == column).any() and (labels != column).any()
    }


def pooled(labels: NDArray[np.integer], probabilities: Floats) -> Curves:
    """One curve for all classes: every (row, class) pair is a decision (the micro-average)."""
    if probabilities.shape[1] == 2:
        return curves_of(labels == 1, probabilities[:, 1])
    truth = np.eye(probabilities.shape[1], dtype=bool)[labels]  # (rows, classes)
    return curves_of(truth.ravel(), probabilities.ravel())


def points_of(
    labels: NDArray[np.integer], probabilities: Floats, classes: Sequence[str], bins: int
) -> Points:
    """Compute what the plots of an evaluation show.

    Args:
        probabilities: (rows, classes).
        bins: of confidence, in the reliability diagram.
    """
    predictions = LabelledPredictions(labels, probabilities)
    return Points(
        classes=classes,
        counts=predictions.confusion,
        by_class=one_against_rest(labels, probabilities, classes),
        pooled=pooled(labels, probabilities),
        reliability=calibration(predictions, bins),
        ece=ece(predictions),
    )
