"""The decision which labels are in an answer: a threshold of each label's probability."""

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs
from conveyor.tasks.multilabel.options import LabelSpec, ThresholdMetric, Thresholds

DEFAULT = 0.5
ROUNDS = 100  # of the search for the best micro F1, which needs a few


def decide(spec: LabelSpec, outputs: Outputs) -> NDArray[np.bool_]:
    """Return which labels are in the answer of each row, (rows, labels)."""
    if spec.thresholds is None:
        return outputs >= DEFAULT
    return outputs >= np.asarray(spec.thresholds.values, outputs.dtype)


def choose_thresholds(
    targets: NDArray[np.bool_], outputs: Outputs, metric: ThresholdMetric
) -> Thresholds:
    """Choose the threshold of each label that is best for a metric of these rows.

    Each choice is exact. Macro F1 and Hamming loss are sums over labels, so each label is chosen
    alone. Micro F1 is a ratio of such sums: 2 TP / (predicted + true). It is at least x where
    2 TP - x (predicted + true) is not negative, and the x of the best thresholds is found by
    repeating the choice with the F1 that it gave (Dinkelbach 1967). Of equally good thresholds the
    one nearest to 0.5 is taken.

    Args:
        targets: (rows, labels).
        outputs: probabilities, (rows, labels).
    """
    curves = [_Curve(targets[:, i], outputs[:, i]) for i in range(targets.shape[1])]
    if metric == "hamming_loss":
        chosen = [curve.best(2 * curve.hits - curve.predicted) for curve in curves]
    elif metric == "macro_f1":
        chosen = [curve.best(curve.f1()) for curve in curves]
    else:
        chosen = _maximise_micro_f1(curves)
    values = [curve.threshold(place) for curve, place in zip(curves, chosen, strict=True)]
    return Thresholds(values=values, metric=metric)


def _maximise_micro_f1(curves: "list[_Curve]") -> list[int]:
    score, chosen = 0.0, [curve.best(curve.f1()) for curve in curves]
    for _ in range(ROUNDS):
        hits = sum(int(c.hits[place]) for c, place in zip(curves, chosen, strict=True))
        predicted = sum(int(c.predicted[place]) for c, place in zip(curves, chosen, strict=True))
        reached = 2 * hits / max(1, predicted + sum(curve.positives for curve in curves))
        if reached <= score:
            break
        score = reached
        chosen = [curve.best(2 * curve.hits - score * curve.predicted) for curve in curves]
    return chosen


class _Curve:
    """What each threshold of one label gives on some rows, from none predicted to all.

    Attributes:
        predicted: rows with the label in the answer, (thresholds,), as `hits`, those where the
            label is true.
        positives: rows where the label is true.
    """

    def __init__(self, targets: NDArray[np.bool_], scores: Outputs) -> None:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order].astype(np.float64)
        last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # of equal scores
        self.predicted = np.append(0, last + 1)
        self.hits = np.append(0, targets[order].cumsum()[last])
        self.positives = int(targets.sum())
        # A threshold lies between two scores; the first is above all of them, which can reach 1.
        self._thresholds = (np.append(1.01, ordered[last]) + np.append(ordered[last], 0.0)) / 2

    def f1(self) -> NDArray[np.float64]:
        return 2 * self.hits / np.maximum(1, self.predicted + self.positives)

    def best(self, gains: NDArray[np.floating]) -> int:
        """Return the position of the largest gain; of several, the nearest to 0.5."""
        if not self.positives:  # these rows say nothing of the label
            gains = np.zeros(len(gains))
        ties = np.flatnonzero(gains >= gains.max() - 1e-12)
        return int(ties[np.abs(self._thresholds[ties] - DEFAULT).argmin()])

    def threshold(self, place: int) -> float:
        return DEFAULT if not self.positives else float(f"{self._thresholds[place]:.6g}")
