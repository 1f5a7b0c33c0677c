"""All that is known of a model on its test rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Evaluate
from conveyor.evaluation import baselines
from conveyor.metrics import BASELINE, score_all
from conveyor.metrics.resampling import intervals, mcnemar
from conveyor.metrics.slices import by_length
from conveyor.metrics.table import confusion

Probabilities = NDArray[np.floating]


@dataclass(frozen=True)
class Rows:
    """Labelled rows: labels and lengths, int (rows,); ids and raw rows in the same order."""

    ids: list[str]
    raw: Any
    labels: NDArray[np.integer]
    lengths: NDArray[np.integer]

    def __add__(self, other: "Rows") -> "Rows":
        return Rows(
            [*self.ids, *other.ids],
            [*self.raw, *other.raw],
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.lengths, other.lengths]),
        )


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on one set of rows.

    Attributes:
        scores: every metric.
        intervals: (low, high) of every metric.
        baselines: metrics of each simple model on the same rows; empty where switched off.
        beats_baselines: higher accuracy than each of them; None where there are none.
        p_value: McNemar's, against the best of them.
        per_class: precision, recall, F1 and rows of each class.
        slices: metrics by length, shortest first.
        worst: the most confident errors.
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


def evaluate(
    kind: str,
    classes: list[str],
    known: Rows,
    test: Rows,
    probabilities: Probabilities,
    config: Evaluate,
    seed: int,
) -> Evaluation:
    """Score answers on the test rows.

    Args:
        known: rows that the baselines may learn from: training and validation.
        probabilities: of the test rows, (rows, classes).
    """
    simple = _baselines(kind, classes, known, test, seed) if config.baselines else {}
    right = probabilities.argmax(axis=1) == test.labels
    compared = {name: score_all(test.labels, answers) for name, answers in simple.items()}
    best = max(compared, key=lambda name: compared[name]["accuracy"], default=None)
    p_value = None
    if best is not None:
        p_value = mcnemar(right, simple[best].argmax(axis=1) == test.labels)["p_value"]
    scores = score_all(test.labels, probabilities)
    return Evaluation(
        classes=classes,
        scores=scores,
        intervals=intervals(
            test.labels, probabilities, samples=config.bootstrap_samples,
            confidence=config.confidence, seed=seed,
        ),
        baselines=compared,
        beats_baselines=all(scores["accuracy"] > other["accuracy"] for other in compared.values())
        if compared else None,
        p_value=p_value,
        per_class=_per_class(classes, test.labels, probabilities),
        slices=_slices(test, probabilities, config.length_slices),
        worst=_worst(classes, test, probabilities, config.worst_rows),
    )  # fmt: skip


def _baselines(
    kind: str, classes: list[str], known: Rows, test: Rows, seed: int
) -> dict[str, Probabilities]:
    first, second = baselines.names(kind)
    answers = baselines.linear(kind, known.raw, known.labels, test.raw, len(classes), seed)
    return {first: baselines.majority(known.labels, len(classes), len(test.ids)), second: answers}


def _per_class(
    classes: list[str], labels: NDArray[np.integer], probabilities: Probabilities
) -> dict[str, dict[str, float]]:
    counts = confusion(labels, probabilities.argmax(axis=1), len(classes))
    rows, predicted = counts.sum(axis=1), counts.sum(axis=0)
    return {
        name: {
            "precision": float(counts[i, i] / max(1, predicted[i])),
            "recall": float(counts[i, i] / max(1, rows[i])),
            "f1": float(2 * counts[i, i] / max(1, rows[i] + predicted[i])),
            "rows": int(rows[i]),
        }
        for i, name in enumerate(classes)
    }


def _slices(test: Rows, probabilities: Probabilities, count: int) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "rows": int(rows.sum()),
         **score_all(test.labels[rows], probabilities[rows])}
        for low, high, rows in by_length(test.lengths, count)
    ]  # fmt: skip


def _worst(
    classes: list[str], test: Rows, probabilities: Probabilities, count: int
) -> list[dict[str, Any]]:
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != test.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return [
        {
            "id": test.ids[i],
            "label": classes[test.labels[i]],
            "predicted": classes[predicted[i]],
            "confidence": round(float(confidence[i]), 6),
            "length": int(test.lengths[i]),
            "row": test.raw[int(i)] if isinstance(test.raw[int(i)], str) else None,
        }
        for i in wrong
    ]


def headline(evaluation: Evaluation) -> dict[str, float]:
    """Flat figures for `dvc metrics`, a column each: every metric, accuracy's interval, and the
    best simple baseline's accuracy, if any was scored. The rest is in report.json."""
    figures = dict(evaluation.scores)
    figures["accuracy_low"], figures["accuracy_high"] = evaluation.intervals["accuracy"]
    if evaluation.baselines:
        figures[BASELINE] = max(scores["accuracy"] for scores in evaluation.baselines.values())
    return figures
