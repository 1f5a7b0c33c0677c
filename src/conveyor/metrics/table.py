"""Every metric: name, function, which way is better. To add one, write it and its row."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]  # (rows,), positions of classes
Probabilities = NDArray[np.floating]  # (rows, classes)
EPSILON = 1e-7  # a probability of 0 for the true class would cost infinitely much
CALIBRATION_BINS = 10
BASELINE = "baseline_accuracy"  # in reports/metrics.json: of the best simple model


class Answers:
    """True classes beside probabilities, and what several metrics make of them, made once."""

    def __init__(self, labels: Labels, probabilities: Probabilities) -> None:
        self.labels, self.probabilities = labels, probabilities

    @cached_property
    def predicted(self) -> Labels:
        return self.probabilities.argmax(axis=1)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        return confusion(self.labels, self.predicted, self.probabilities.shape[1])

    @cached_property
    def ranked(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows taken as positive, and those of them that are, from the highest score to the lowest.

        Returns:
            Each (classes that count, rows + 1), beginning with 0; equal scores are taken together.
            No class where only one occurs; class 1 alone where there are two.
        """
        occurring = np.unique(self.labels)
        if self.probabilities.shape[1] == 2:
            occurring = np.array([1])[: len(occurring) - 1]
        elif len(occurring) < 2:
            occurring = occurring[:0]
        rows = len(self.labels)
        scores = np.ascontiguousarray(-self.probabilities.T[occurring])
        order = np.argsort(scores, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        positive = self.labels[order] == occurring[:, None]
        ends = np.full(scores.shape, rows)
        ends[:, :-1] = np.where(np.diff(scores, axis=1) != 0, np.arange(1, rows), rows)
        taken = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
        hits = np.take_along_axis(positive.cumsum(axis=1), taken - 1, axis=1)
        none = np.zeros((len(occurring), 1), dtype=np.int64)
        return np.hstack([none, taken]), np.hstack([none, hits])


@dataclass(frozen=True)
class Metric:
    """`figure(answers)` gives the figure, or NaN where it is not defined."""

    title: str
    figure: Callable[[Answers], float]
    better: Literal["higher", "lower"] = "higher"

    def compute(self, labels: Labels, probabilities: Probabilities) -> float:
        return self.figure(Answers(labels, probabilities))

    def gain(self, new: float, old: float) -> float:
        """How much better `new` is than `old`, in the metric's unit."""
        return new - old if self.better == "higher" else old - new


def confusion(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): true class by row, predicted class by column."""
    flat = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(answers: Answers) -> float:
    return float((answers.predicted == answers.labels).mean())


def balanced_accuracy(answers: Answers) -> float:
    """Mean recall of the classes that occur."""
    support = answers.counts.sum(axis=1)
    return float((np.diag(answers.counts)[support > 0] / support[support > 0]).mean())


def macro_f1(answers: Answers) -> float:
    """Mean F1 of the classes that occur or are predicted; the others have none."""
    return float(_f1(answers.counts)[_present(answers.counts)].mean())


def weighted_f1(answers: Answers) -> float:
    """F1 of each class, weighted by its rows."""
    return float(np.average(_f1(answers.counts), weights=answers.counts.sum(axis=1)))


def mcc(answers: Answers) -> float:
    """Matthews' correlation for several classes (Gorodkin 2004); 0 where it is not defined."""
    counts = answers.counts.astype(float)
    true, predicted, total = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    above = np.trace(counts) * total - true @ predicted
    below = np.sqrt(total**2 - predicted @ predicted) * np.sqrt(total**2 - true @ true)
    return float(above / below) if below else 0.0


def log_loss(answers: Answers) -> float:
    """Mean negative log probability of the true class, in nats."""
    chosen = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    return float(-np.log(np.clip(chosen, EPSILON, 1.0)).mean())


def roc_auc(answers: Answers) -> float:
    """Area under the ROC curve: of class 1 where there are two, else the mean of each class
    against the rest, over the classes that occur. NaN where only one class occurs.

    The share of pairs in the right order, ties counting half (Mann & Whitney 1947).
    """
    taken, hits = answers.ranked
    misses = taken - hits
    pairs = hits[:, -1] * misses[:, -1]
    under = np.diff(misses, axis=1) * (hits[:, 1:] + hits[:, :-1])
    return float((under.sum(axis=1) / (2 * pairs)).mean()) if pairs.size else float("nan")


def pr_auc(answers: Answers) -> float:
    """Average precision, averaged over classes like `roc_auc`."""
    taken, hits = answers.ranked
    precision = np.diff(hits, axis=1) * hits[:, 1:] / np.maximum(taken[:, 1:], 1)
    return float((precision.sum(axis=1) / hits[:, -1]).mean()) if hits.size else float("nan")


def ece(answers: Answers, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    The mean distance between confidence and accuracy over `bins` equal bins of confidence,
    weighted by their rows.
    """
    confidence, right, rows = calibration(answers, bins)
    used = rows > 0
    return float((np.abs(confidence[used] - right[used]) * rows[used]).sum() / rows.sum())


def calibration(
    answers: Answers, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean confidence, accuracy and rows of each bin of confidence; NaN in empty bins."""
    confidence = answers.probabilities.max(axis=1)
    right = answers.predicted == answers.labels
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
    scores = compute_all(labels, probabilities)
    return {name: score for name, score in scores.items() if np.isfinite(score)}


def compute_all(labels: Labels, probabilities: Probabilities) -> dict[str, float]:
    """Every metric of the table, NaN where it is not defined."""
    answers = Answers(labels, probabilities)
    return {name: metric.figure(answers) for name, metric in METRICS.items()}


def _present(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (counts.sum(axis=0) + counts.sum(axis=1)) > 0


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class; 0 for one that neither occurs nor is predicted."""
    either = counts.sum(axis=0) + counts.sum(axis=1)
    return 2 * np.diag(counts) / np.maximum(either, 1)
