"""Every metric of a classifier, with its title and direction.

To add a metric, write its function here and add its row to METRICS: the evaluation, the gates, the
reports and the objectives of a sweep then know it.
"""

from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Metric, MetricTable
from conveyor.tasks.classification.decision import decide
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.log_loss import negative_logs
from conveyor.tasks.ranking import average_precision, count_by_threshold

Labels = NDArray[np.integer]  # (rows,), indices of classes
Probabilities = NDArray[np.floating]  # (rows, classes)
CALIBRATION_BINS = 10


class LabelledPredictions:
    """True classes and predicted probabilities, and what several metrics derive from them.

    Args:
        spec: the target, which says how a class is chosen.
        labels: true classes, int (rows,).
        probabilities: float (rows, classes).
    """

    def __init__(self, spec: ClassSpec, labels: Labels, probabilities: Probabilities) -> None:
        self.labels, self.probabilities = labels, probabilities
        self._spec = spec

    def take(self, rows: NDArray[np.integer]) -> "LabelledPredictions":
        return LabelledPredictions(self._spec, self.labels[rows], self.probabilities[rows])

    @cached_property
    def predicted(self) -> Labels:
        """The answer of each row, int (rows,)."""
        return decide(self._spec, self.probabilities)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Rows by true class (rows of the matrix) and predicted class (columns).

        Returns:
            int64 (classes, classes).
        """
        classes = self.probabilities.shape[1]
        pairs = np.bincount(self.labels * classes + self.predicted, minlength=classes**2)
        return pairs.reshape(classes, classes)

    @cached_property
    def threshold_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows predicted positive, and true positives among them, at each threshold of a score.

        Returns:
            Two arrays (counted classes, rows + 1), from the highest threshold, with no positive
            row, to the lowest; rows of equal score become positive together. Counted are the
            classes that occur, but only class 1 of two classes, and no class where only one occurs.
        """
        occurring = np.unique(self.labels)
        if self.probabilities.shape[1] == 2:
            occurring = np.array([1])[: len(occurring) - 1]
        elif len(occurring) < 2:
            occurring = occurring[:0]
        positive = self.labels == occurring[:, None]  # (counted, rows)
        return count_by_threshold(positive, self.probabilities.T[occurring])


def accuracy(predictions: LabelledPredictions) -> float:
    """Share of the rows whose answer is the true class.

    Formula: right rows / rows.
    Source: Manning, Raghavan & Schütze 2008, Introduction to Information Retrieval, 8.3.
    """
    return float((predictions.predicted == predictions.labels).mean())


def balanced_accuracy(predictions: LabelledPredictions) -> float:
    """Mean recall of the classes that occur.

    Formula: mean over classes of tp / (tp + fn).
    Source: Brodersen et al. 2010, The balanced accuracy and its posterior distribution.
    """
    confusion = predictions.confusion
    support = confusion.sum(axis=1)  # (classes,)
    occurs = support > 0
    return float((np.diag(confusion)[occurs] / support[occurs]).mean())


def macro_f1(predictions: LabelledPredictions) -> float:
    """Mean F1 of the classes that occur or are predicted; the others have none.

    Formula: mean over classes of 2 tp / (2 tp + fp + fn).
    Source: Opitz & Burst 2019, Macro F1 and Macro F1 (the mean of the F1 of each class).
    """
    confusion = predictions.confusion
    present = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    return float(_f1(confusion)[present].mean())


def weighted_f1(predictions: LabelledPredictions) -> float:
    """Mean F1 of the classes, weighted by their rows.

    Formula: Σ over classes of rows of the class / rows × 2 tp / (2 tp + fp + fn).
    Source: f1_score of scikit-learn with average="weighted".
    """
    confusion = predictions.confusion
    return float(np.average(_f1(confusion), weights=confusion.sum(axis=1)))


def mcc(predictions: LabelledPredictions) -> float:
    """Matthews' correlation for several classes; 0 where it is not defined.

    Formula: (c s - Σ p t) / √((s² - Σ p²)(s² - Σ t²)), with s rows, c of them right, and for each
    class p rows predicted and t true.
    Source: Gorodkin 2004, Comparing two K-category assignments by a K-category correlation
    coefficient.
    """
    confusion = predictions.confusion.astype(float)
    true, predicted, total = confusion.sum(axis=1), confusion.sum(axis=0), confusion.sum()
    covariance = np.trace(confusion) * total - true @ predicted
    deviations = np.sqrt(total**2 - predicted @ predicted) * np.sqrt(total**2 - true @ true)
    return float(covariance / deviations) if deviations else 0.0


def log_loss(predictions: LabelledPredictions) -> float:
    """Mean negative log probability of the true class, in nats.

    Formula: -mean over rows of ln p, with p the probability of the true class, at least 1e-7.
    Source: Good 1952, Rational decisions.
    """
    rows = np.arange(len(predictions.labels))
    of_true_class = predictions.probabilities[rows, predictions.labels]  # (rows,)
    return float(negative_logs(of_true_class).mean())


def roc_auc(predictions: LabelledPredictions) -> float:
    """Area under the ROC curve: the share of pairs of a positive and a negative row that are in the
    right order, where ties count half.

    With two classes, class 1 is positive; with more, each class that occurs against the rest, and
    the mean of them. NaN where only one class occurs.

    Formula: (pairs in the right order + ties / 2) / pairs.
    Source: Mann & Whitney 1947; Hanley & McNeil 1982, The meaning and use of the area under a ROC
    curve.
    """
    positives, true_positives = predictions.threshold_counts
    false_positives = positives - true_positives
    pairs = true_positives[:, -1] * false_positives[:, -1]
    doubled = np.diff(false_positives, axis=1) * (true_positives[:, 1:] + true_positives[:, :-1])
    return float((doubled.sum(axis=1) / (2 * pairs)).mean()) if pairs.size else float("nan")


def pr_auc(predictions: LabelledPredictions) -> float:
    """Average precision, averaged over classes like `roc_auc`.

    Formula: Σ over thresholds of the rise in recall × precision.
    Source: average_precision_score of scikit-learn.
    """
    positives, true_positives = predictions.threshold_counts
    if not positives.size:
        return float("nan")
    return float(average_precision(positives, true_positives).mean())


def ece(predictions: LabelledPredictions) -> float:
    """Expected calibration error.

    The mean distance between confidence and accuracy over equal bins of confidence,
    weighted by their rows.

    Formula: Σ over 10 bins of rows of the bin / rows × |confidence - accuracy|.
    Source: Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning; Guo
    et al. 2017, On calibration of modern neural networks.
    """
    confidence, correct, rows = calibration(predictions, CALIBRATION_BINS)
    used = rows > 0
    return float((np.abs(confidence[used] - correct[used]) * rows[used]).sum() / rows.sum())


def calibration(
    predictions: LabelledPredictions, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Compute mean confidence, accuracy and rows of each equal bin of confidence.

    Both are those of the most probable class, whatever the answer is, since they judge the
    probabilities.

    Returns:
        Three arrays (bins,); the first two are NaN in empty bins.
    """
    confidence = predictions.probabilities.max(axis=1)
    correct = predictions.probabilities.argmax(axis=1) == predictions.labels
    bin_of_row = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(bin_of_row, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(bin_of_row, confidence, bins) / rows
        return mean, np.bincount(bin_of_row, correct, bins) / rows, rows


def _f1(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class, (classes,); 0 for one that neither occurs nor is predicted."""
    either = confusion.sum(axis=0) + confusion.sum(axis=1)
    return 2 * np.diag(confusion) / np.maximum(either, 1)


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", accuracy),
    "balanced_accuracy": Metric("balanced accuracy", balanced_accuracy),
    "macro_f1": Metric("macro F1", macro_f1),
    "weighted_f1": Metric("weighted F1", weighted_f1),
    "mcc": Metric("Matthews correlation", mcc),
    "log_loss": Metric("log loss", log_loss, better="lower"),
    "roc_auc": Metric("ROC AUC", roc_auc),
    "pr_auc": Metric("PR AUC", pr_auc),
    "ece": Metric("expected calibration error", ece, better="lower"),
}


HEADLINE = "accuracy"


def make_table(spec: ClassSpec) -> MetricTable:
    """Return the metrics of a model of this target."""
    pair = partial(LabelledPredictions, spec)
    return MetricTable(METRICS, HEADLINE, (HEADLINE, "macro_f1"), pair)
