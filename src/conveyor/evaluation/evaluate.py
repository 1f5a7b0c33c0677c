"""All that is known of a model on its test rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Evaluate
from conveyor.evaluation import baselines
from conveyor.evaluation.results import Evaluation, LabelledRows
from conveyor.metrics import score_all
from conveyor.metrics.resampling import intervals, mcnemar
from conveyor.metrics.slices import slices_by_length
from conveyor.metrics.table import confusion_matrix

Probabilities = NDArray[np.floating]


def evaluate(
    kind: str,
    classes: list[str],
    known: LabelledRows,
    test: LabelledRows,
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
    kind: str, classes: list[str], known: LabelledRows, test: LabelledRows, seed: int
) -> dict[str, Probabilities]:
    first, second = baselines.names(kind)
    answers = baselines.linear(kind, known.raw, known.labels, test.raw, len(classes), seed)
    return {first: baselines.majority(known.labels, len(classes), len(test.ids)), second: answers}


def _per_class(
    classes: list[str], labels: NDArray[np.integer], probabilities: Probabilities
) -> dict[str, dict[str, float]]:
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))
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


def _slices(test: LabelledRows, probabilities: Probabilities, count: int) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "rows": int(rows.sum()),
         **score_all(test.labels[rows], probabilities[rows])}
        for low, high, rows in slices_by_length(test.lengths, count)
    ]  # fmt: skip


def _worst(
    classes: list[str], test: LabelledRows, probabilities: Probabilities, count: int
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
