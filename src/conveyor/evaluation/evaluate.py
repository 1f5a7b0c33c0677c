"""Scores of a model on its test rows, beside simple baselines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from conveyor.config import Evaluate
from conveyor.data.store import Split
from conveyor.evaluation import baselines
from conveyor.evaluation.results import Evaluation, EvaluationInput, find_best_baseline
from conveyor.metrics import score_all
from conveyor.metrics.resampling import intervals, mcnemar
from conveyor.metrics.slices import slices_by_length

Probabilities = NDArray[np.floating]


def evaluate(data: EvaluationInput, config: Evaluate, seed: int) -> Evaluation:
    """Score a model's answers on the test rows, beside simple baselines on the same rows.

    Args:
        seed: of the bootstrap samples and the baselines.
    """
    test, probabilities = data.test, data.probabilities
    answers = _baseline_answers(data, seed) if config.baselines else {}
    scores = score_all(test.labels, probabilities)
    baseline_scores = {name: score_all(test.labels, answers[name]) for name in answers}
    beats_baselines = p_value = None
    if baseline_scores:
        best = find_best_baseline(baseline_scores)
        beats_baselines = scores["accuracy"] > baseline_scores[best]["accuracy"]
        right = probabilities.argmax(axis=1) == test.labels
        baseline_right = answers[best].argmax(axis=1) == test.labels
        p_value = mcnemar(right, baseline_right)["p_value"]
    return Evaluation(
        classes=data.classes,
        scores=scores,
        intervals=intervals(
            test.labels, probabilities, samples=config.bootstrap_samples,
            confidence=config.confidence, seed=seed,
        ),
        baselines=baseline_scores,
        beats_baselines=beats_baselines,
        p_value=p_value,
        per_class=_per_class(data.classes, test.labels, probabilities),
        slices=_slices(test, probabilities, config.length_slices),
        worst=_worst(data, config.worst_rows),
    )  # fmt: skip


def _baseline_answers(data: EvaluationInput, seed: int) -> dict[str, Probabilities]:
    """Probabilities of each baseline for the test rows, by its name."""
    test, count = data.test.rows, len(data.classes)
    rows = [row for split in data.training for row in split.rows]
    labels = np.concatenate([split.labels for split in data.training])
    features, _ = baselines.FEATURES[data.kind]
    return {
        "majority class": baselines.predict_majority(labels, count, len(test)),
        f"{features} + logistic regression": baselines.predict_linear(
            data.kind, rows, labels, test, count, seed
        ),
    }


def _per_class(
    classes: list[str], labels: NDArray[np.integer], probabilities: Probabilities
) -> dict[str, dict[str, float]]:
    scores = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=range(len(classes)), zero_division=0.0
    )
    names = ("precision", "recall", "f1", "rows")
    columns = dict(zip(names, scores, strict=True))  # (classes,) each
    return {
        name: {metric: values[i].item() for metric, values in columns.items()}
        for i, name in enumerate(classes)
    }


def _slices(test: Split, probabilities: Probabilities, count: int) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "rows": int(rows.sum()),
         **score_all(test.labels[rows], probabilities[rows])}
        for low, high, rows in slices_by_length(test.sequences.lengths, count)
    ]  # fmt: skip


def _worst(data: EvaluationInput, count: int) -> list[dict[str, Any]]:
    """The errors of the highest confidence, with the row itself where it is a text."""
    test, classes = data.test, data.classes
    predicted, confidence = data.probabilities.argmax(axis=1), data.probabilities.max(axis=1)
    errors = np.flatnonzero(predicted != test.labels)
    errors = errors[np.argsort(-confidence[errors], kind="stable")][:count]
    return [
        {
            "id": test.ids[row],
            "label": classes[test.labels[row]],
            "predicted": classes[predicted[row]],
            "confidence": round(float(confidence[row]), 6),
            "length": int(test.sequences.lengths[row]),
            "row": test.rows[row] if isinstance(test.rows[row], str) else None,
        }
        for row in errors.tolist()
    ]
