"""The decision which labels are in an answer: a threshold of each label's probability."""

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs
from conveyor.tasks.multilabel.options import LabelSpec, ThresholdMetric, Thresholds
from conveyor.tasks.thresholds import ThresholdCurve

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
    curves = [ThresholdCurve(targets[:, i], outputs[:, i]) for i in range(targets.shape[1])]
    if metric == "hamming_loss":
        chosen = [curve.best(2 * curve.hits - curve.predicted, DEFAULT) for curve in curves]
    elif metric == "macro_f1":
        chosen = [curve.best(_f1(curve), DEFAULT) for curve in curves]
    else:
        chosen = _maximise_micro_f1(curves)
    values = [
        curve.thresholds[place] if curve.positives else DEFAULT  # no row says anything of the label
        for curve, place in zip(curves, chosen, strict=True)
    ]
    return Thresholds(values=values, metric=metric)


def _maximise_micro_f1(curves: list[ThresholdCurve]) -> list[int]:
    score, chosen = 0.0, [curve.best(_f1(curve), DEFAULT) for curve in curves]
    for _ in range(ROUNDS):
        hits = sum(int(c.hits[place]) for c, place in zip(curves, chosen, strict=True))
        predicted = sum(int(c.predicted[place]) for c, place in zip(curves, chosen, strict=True))
        reached = 2 * hits / max(1, predicted + sum(curve.positives for curve in curves))
        if reached <= score:
            break
        score = reached
        chosen = [curve.best(2 * curve.hits - score * curve.predicted, DEFAULT) for curve in curves]
    return chosen


def _f1(curve: ThresholdCurve) -> NDArray[np.float64]:
    """F1 of the label at each threshold, (thresholds,)."""
    return 2 * curve.hits / np.maximum(1, curve.predicted + curve.positives)
