"""Every metric of a multi-label model, with its title and direction.

To add a metric, write its function here and add its row to METRICS: the evaluation, the gates, the
reports and the objectives of a sweep then know it.
"""

from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Metric, MetricTable, Outputs
from conveyor.tasks.log_loss import negative_logs
from conveyor.tasks.multilabel.decision import decide
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.ranking import average_precision, count_by_threshold


class LabelPredictions:
    """True and predicted labels of rows, and what several metrics derive from them.

    Args:
        targets: which labels are true, bool (rows, labels).
        outputs: probabilities, (rows, labels).
    """

    def __init__(self, spec: LabelSpec, targets: NDArray[np.bool_], outputs: Outputs) -> None:
        self.targets, self.outputs = targets, outputs
        self._spec = spec

    def take(self, rows: NDArray[np.integer]) -> "LabelPredictions":
        return LabelPredictions(self._spec, self.targets[rows], self.outputs[rows])

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """Which labels are in the answer, (rows, labels)."""
        return decide(self._spec, self.outputs)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """Rows of each label in which it is both true and predicted, (labels,)."""
        return (self.targets & self.predicted).sum(axis=0)

    @cached_property
    def either(self) -> NDArray[np.int64]:
        """True rows plus predicted rows of each label, (labels,)."""
        return self.targets.sum(axis=0) + self.predicted.sum(axis=0)


def micro_f1(predictions: LabelPredictions) -> float:
    """F1 of all pairs of a row and a label; 1 where no label is true and none is predicted.

    Formula: 2 tp / (2 tp + fp + fn), with the counts of all labels together.
    Source: Tsoumakas, Katakis & Vlahavas 2010, Mining multi-label data.
    """
    either = predictions.either.sum()
    return float(2 * predictions.hits.sum() / either) if either else 1.0


def macro_f1(predictions: LabelPredictions) -> float:
    """Mean F1 of the labels that are true or predicted in some row; 1 where there are none.

    Formula: mean over labels of 2 tp / (2 tp + fp + fn).
    Source: Tsoumakas, Katakis & Vlahavas 2010, Mining multi-label data.
    """
    present = predictions.either > 0
    scores = 2 * predictions.hits[present] / predictions.either[present]
    return float(scores.mean()) if present.any() else 1.0


def mean_average_precision(predictions: LabelPredictions) -> float:
    """Mean of the average precision of each label that occurs; NaN where none does.

    Formula: mean over labels of Σ over thresholds of the rise in recall × precision.
    Source: average_precision_score of scikit-learn with average="macro".
    """
    occurring = predictions.targets.any(axis=0)
    if not occurring.any():
        return float("nan")
    positive = np.ascontiguousarray(predictions.targets.T[occurring])
    counts = count_by_threshold(positive, predictions.outputs.T[occurring])
    return float(average_precision(*counts).mean())


def hamming_loss(predictions: LabelPredictions) -> float:
    """Share of wrong decisions among all pairs of a row and a label.

    Formula: wrong decisions / (rows × labels).
    Source: Schapire & Singer 1999, Improved boosting algorithms using confidence-rated predictions.
    """
    return float((predictions.targets != predictions.predicted).mean())


def subset_accuracy(predictions: LabelPredictions) -> float:
    """Share of the rows whose whole set of labels is right.

    Formula: rows whose set is right / rows.
    Source: Tsoumakas, Katakis & Vlahavas 2010, Mining multi-label data.
    """
    return float((predictions.targets == predictions.predicted).all(axis=1).mean())


def log_loss(predictions: LabelPredictions) -> float:
    """Mean negative log probability of the truth over all pairs of a row and a label, in nats.

    Formula: -mean over rows and labels of ln p, with p the probability of the truth, at least 1e-7.
    Source: Good 1952, Rational decisions.
    """
    return float(row_log_losses(predictions.targets, predictions.outputs).mean())


def row_log_losses(targets: NDArray[np.bool_], outputs: Outputs) -> NDArray[np.float64]:
    """Compute the log loss of each row, the mean over its labels, (rows,)."""
    of_truth = np.where(targets, outputs, 1.0 - outputs)  # (rows, labels)
    return negative_logs(of_truth).mean(axis=1)


METRICS: dict[str, Metric] = {
    "micro_f1": Metric("micro F1", micro_f1),
    "macro_f1": Metric("macro F1", macro_f1),
    "mean_average_precision": Metric("mean average precision", mean_average_precision),
    "subset_accuracy": Metric("subset accuracy", subset_accuracy),
    "hamming_loss": Metric("Hamming loss", hamming_loss, better="lower"),
    "log_loss": Metric("log loss", log_loss, better="lower"),
}
HEADLINE: Literal["micro_f1"] = "micro_f1"
VALIDATION = (HEADLINE, "macro_f1", "hamming_loss")


def make_table(spec: LabelSpec) -> MetricTable:
    """Return the metrics of a model of this target."""
    return MetricTable(METRICS, HEADLINE, VALIDATION, partial(LabelPredictions, spec))
