"""Simple models on the same rows, which a recurrent network must beat to be worth its cost."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

Probabilities = NDArray[np.float64]
ITERATIONS = 2000


def predict_majority(labels: NDArray[np.integer], classes: int, rows: int) -> Probabilities:
    """Predict the class shares of the training rows for each row, (rows, classes)."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return np.tile(shares, (rows, 1))


def predict_linear(
    kind: str,
    rows: Sequence[Any],
    labels: NDArray[np.integer],
    test_rows: Sequence[Any],
    classes: int,
    seed: int,
) -> Probabilities:
    """Logistic regression on TF-IDF of words and pairs (text), or on `summarise` (series).

    Args:
        kind: of the rows, a key of FEATURES.
        classes: number of classes.

    Returns:
        Probabilities of the test rows, (rows, classes).
    """
    _, make_features = FEATURES[kind]
    classifier = LogisticRegression(max_iter=ITERATIONS, random_state=seed)
    model = make_pipeline(make_features(), classifier)
    model.fit(rows, labels)
    probabilities = np.zeros((len(test_rows), classes))
    probabilities[:, model.classes_] = model.predict_proba(test_rows)
    return probabilities


def summarise(rows: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Compute mean, deviation, minimum, maximum, first and last step by channel, and the length.

    Returns:
        (rows, 6 x channels + 1).
    """
    features = []
    for row in rows:
        steps = np.asarray(row, dtype=np.float64)
        parts = [steps.mean(0), steps.std(0), steps.min(0), steps.max(0), steps[0], steps[-1]]
        features.append(np.concatenate([*parts, [len(steps)]]))
    return np.array(features)


# By kind of rows: the name of the linear baseline's features, and what makes their transformer.
FEATURES: dict[str, tuple[str, Callable[[], Any]]] = {
    "text": ("TF-IDF", lambda: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
    "series": (
        "summary statistics",
        lambda: make_pipeline(FunctionTransformer(summarise), StandardScaler()),
    ),
}
