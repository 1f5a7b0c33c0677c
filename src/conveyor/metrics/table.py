"""Every metric: name, function, which way is better. To add one, write it and its row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]  # (rows,), positions of classes
Probabilities = NDArray[np.floating]  # (rows, classes)
EPSILON = 1e-7  # a probability of 0 for the true class would cost infinitely much
CALIBRATION_BINS = 10
BASELINE = "baseline_accuracy"  # in reports/metrics.json: of the best simple model


@dataclass(frozen=True)
class Metric:
    """`compute(labels, probabilities)` gives the figure, or NaN where it is not defined."""

    title: str
    compute: Callable[[Labels, Probabilities], float]
    better: Literal["higher", "lower"] = "higher"

    def gain(self, new: float, old: float) -> float:
        """How much better `new` is than `old`, in the metric's unit."""
        return new - old if self.better == "higher" else old - new


def confusion(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): true class by row, predicted class by column."""
    flat = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(labels: Labels, probabilities: Probabilities) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def balanced_accuracy(labels: Labels, probabilities: Probabilities) -> float:
    """Mean recall of the classes that occur in `labels`."""
    counts = _confusion(labels, probabilities)
    support = counts.sum(axis=1)
    return float((np.diag(counts)[support > 0] / support[support > 0]).mean())


def macro_f1(labels: Labels, probabilities: Probabilities) -> float:
    """Mean F1 of the classes that occur or are predicted; the others have none."""
    counts = _confusion(labels, probabilities)
    return float(_f1(counts)[_present(counts)].mean())


def weighted_f1(labels: Labels, probabilities: Probabilities) -> float:
    """F1 of each class, weighted by its rows."""
    counts = _confusion(labels, probabilities)
    return float(np.average(_f1(counts), weights=counts.sum(axis=1)))


def mcc(labels: Labels, probabilities: Probabilities) -> float:
    """Matthews' correlation for several classes (Gorodkin 2004); 0 where it is not defined."""
    counts = _confusion(labels, probabilities).astype(float)
    true, predicted, total = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    above = np.trace(counts) * total - true @ predicted
    below = np.sqrt(total**2 - predicted @ predicted) * np.sqrt(total**2 - true @ true)
    return float(above / below) if below else 0.0


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Mean negative log probability of the true class, in nats."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, EPSILON, 1.0)).mean())


def roc_auc(labels: Labels, probabilities: Probabilities) -> float:
    """Area under the ROC curve: of class 1 where there are two, else the mean of each class
    against the rest, over the classes that occur. NaN where only one class occurs.

    The share of pairs in the right order, ties counting half (Mann & Whitney 1947).
    """
    taken, hits = _one_against_rest(labels, probabilities)
    misses = taken - hits
    pairs = hits[-1] * misses[-1]
    under = np.diff(misses, axis=0) * (hits[1:] + hits[:-1])
    return float((under.sum(axis=0) / (2 * pairs)).mean()) if pairs.size else float("nan")


def pr_auc(labels: Labels, probabilities: Probabilities) -> float:
    """Average precision, averaged over classes like `roc_auc`."""
    taken, hits = _one_against_rest(labels, probabilities)
    precision = np.diff(hits, axis=0) * hits[1:] / np.maximum(taken[1:], 1)
    return float((precision.sum(axis=0) / hits[-1]).mean()) if hits.size else float("nan")


def ece(labels: Labels, probabilities: Probabilities, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    The mean distance between confidence and accuracy over `bins` equal bins of confidence,
    weighted by their rows.
    """
    confidence, right, rows = calibration(labels, probabilities, bins)
    used = rows > 0
    return float((np.abs(confidence[used] - right[used]) * rows[used]).sum() / rows.sum())


def calibration(
    labels: Labels, probabilities: Probabilities, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean confidence, accuracy and rows of each bin of confidence; NaN in empty bins."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    at = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(at, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(at, confidence, bins) / rows
        return mean, np.bincount(at, right, bins) / rows, rows


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


def score_all(labels: Labels, probabilities: Probabilities) -> dict[str, float]:
    """Every metric of the table that is defined for these rows."""
    scores = {name: metric.compute(labels, probabilities) for name, metric in METRICS.items()}
    return {name: score for name, score in scores.items() if np.isfinite(score)}


def _confusion(labels: Labels, probabilities: Probabilities) -> NDArray[np.int64]:
    return confusion(labels, probabilities.argmax(axis=1), probabilities.shape[1])


def _present(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (counts.sum(axis=0) + counts.sum(axis=1)) > 0


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class; 0 for one that neither occurs nor is predicted."""
    either = counts.sum(axis=0) + counts.sum(axis=1)
    return 2 * np.diag(counts) / np.maximum(either, 1)


def _one_against_rest(
    labels: Labels, probabilities: Probabilities
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows taken as positive, and those of them that are, from the highest score to the lowest.

    Returns:
        Each (rows + 1, classes that count), beginning with 0; equal scores are taken together. No
        column where only one class occurs.
    """
    occurring = np.unique(labels)
    if probabilities.shape[1] == 2:
        occurring = np.array([1])[: len(occurring) - 1]
    elif len(occurring) < 2:
        occurring = occurring[:0]
    scores, positive = probabilities[:, occurring], labels[:, None] == occurring
    order = np.argsort(-scores, axis=0, kind="stable")
    scores = np.take_along_axis(scores, order, axis=0)
    rows = np.arange(1, len(labels) + 1)[:, None]
    ends = np.where(np.diff(scores, axis=0) != 0, rows[:-1], len(labels))
    last = np.full((1, len(occurring)), len(labels))
    taken = np.minimum.accumulate(np.concatenate([ends, last])[::-1], axis=0)[::-1]
    hits = np.cumsum(np.take_along_axis(positive, order, axis=0), axis=0)
    hits = np.take_along_axis(hits, taken - 1, axis=0)
    none = np.zeros_like(last)
    return np.concatenate([none, taken]), np.concatenate([none, hits])
