"""What is evaluated, and the results."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LabelledRows:
    """Labelled rows: labels and lengths, int (rows,); ids and raw rows in the same order."""

    ids: list[str]
    raw: Any
    labels: NDArray[np.integer]
    lengths: NDArray[np.integer]

    @classmethod
    def from_split(cls, split: Split) -> "LabelledRows":
        """Return the rows of a prepared split."""
        return cls(split.ids, split.rows, split.labels, split.sequences.lengths)

    def __add__(self, other: "LabelledRows") -> "LabelledRows":
        return LabelledRows(
            [*self.ids, *other.ids],
            [*self.raw, *other.raw],
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.lengths, other.lengths]),
        )


@dataclass(frozen=True)
class EvaluationInput:
    """A model's answers on the test rows, and what is needed to judge them.

    Attributes:
        kind: "text" or "series".
        classes: names, in the order of the probabilities' columns.
        training: rows from which the baselines may learn: training and validation.
        test: the rows on which everything is scored.
        probabilities: the model's answers on the test rows, (rows, classes).
    """

    kind: str
    classes: list[str]
    training: LabelledRows
    test: LabelledRows
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
