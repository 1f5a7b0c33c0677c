"""Simple models on the same rows, which a recurrent network must beat to be worth its cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

Probabilities = NDArray[np.float64]
ITERATIONS = 2000
EDGES = (0, -1)  # the first and the last step


def majority(labels: NDArray[np.integer], classes: int, rows: int) -> Probabilities:
    """Predict the class shares of the training rows for each row, (rows, classes)."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return np.tile(shares, (rows, 1))


def linear(
    kind: str,
    rows: Sequence[Any],
    labels: NDArray[np.integer],
    test_rows: Sequence[Any],
    classes: int,
    seed: int,
) -> Probabilities:
    """Logistic regression on TF-IDF of words and pairs (text), or on `summary` (series).

    Args:
        kind: of the rows, a key of FEATURES.
        classes: number of classes.

    Returns:
        Probabilities of the test rows, (rows, classes).
    """
    features = FEATURES[kind].make()
    model = make_pipeline(features, LogisticRegression(max_iter=ITERATIONS, random_state=seed))
    model.fit(rows, labels)
    probabilities = np.zeros((len(test_rows), classes))
    probabilities[:, model.classes_] = model.predict_proba(test_rows)
    return probabilities


def summary(rows: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Compute mean, deviation, minimum, maximum, first and last step by channel, and the length.

    Returns:
        (rows, 6 x channels + 1).
    """
    features = []
    for row in rows:
        steps = np.asarray(row, dtype=np.float64)
        parts = [steps.mean(0), steps.std(0), steps.min(0), steps.max(0)]
        parts += [steps[edge] for edge in EDGES]
        features.append(np.concatenate([*parts, [len(steps)]]))
    return np.array(features)


def names(kind: str) -> tuple[str, str]:
    """Names of the two baselines in reports."""
    return "majority class", f"{FEATURES[kind].name} + logistic regression"


@dataclass(frozen=True)
class Features:
    """What the linear baseline sees of raw rows.

    Attributes:
        make: returns a new, unfitted transformer of raw rows to features.
    """

    name: str
    make: Callable[[], Any]


FEATURES = {
    "text": Features("TF-IDF", lambda: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
    "series": Features(
        "summary statistics",
        lambda: make_pipeline(FunctionTransformer(summary), StandardScaler()),
    ),
}
