"""What is evaluated, and the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class EvaluationInput:
    """A model's answers on the test rows, and what is needed to judge them.

    Attributes:
        kind: "text" or "series".
        classes: names, in the order of the probabilities' columns.
        training: splits from which the baselines may learn: training and validation.
        test: the split on which everything is scored.
        probabilities: the model's answers on the test rows, (rows, classes).
    """

    kind: str
    classes: list[str]
    training: Sequence[Split]
    test: Split
    probabilities: Floats


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one model on one set of rows.

    Attributes:
        scores: every metric.
        intervals: (low, high) of every metric.
        baselines: metrics of each simple model on the same rows; empty where switched off.
        beats_baselines: higher accuracy than each of them; None where there are none.
        p_value: McNemar's, against the best of them.
        per_class: precision, recall, F1 and rows of each class.
        slices: metrics by length, shortest first.
        worst: the most confident errors, the most confident one first.
    """

    classes: list[str]
    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    beats_baselines: bool | None
    p_value: float | None
    per_class: dict[str, dict[str, float]]
    slices: list[dict[str, Any]]
    worst: list[dict[str, Any]]

    @property
    def best_baseline(self) -> str:
        """Name of the simple model of the highest accuracy; the first of equal ones."""
        return find_best_baseline(self.baselines)


def find_best_baseline(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return the model of the highest accuracy, of metrics by model; the first of equal ones."""
    return max(scores, key=lambda name: scores[name]["accuracy"])
