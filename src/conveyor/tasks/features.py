"""Features of rows for simple models: TF-IDF of texts, and summary statistics of series."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


def summarise(rows: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Compute mean, deviation, minimum, maximum, first and last step by channel, and the length.

    A row without steps has zeros.

    Returns:
        (rows, 6 x channels + 1).
    """
    features = []
    channels = next((row.shape[1] for row in map(np.asarray, rows) if row.size), 1)
    for row in rows:
        steps = np.asarray(row, dtype=np.float64)
        if not steps.size:
            features.append(np.zeros(6 * channels + 1))
            continue
        parts = [steps.mean(0), steps.std(0), steps.min(0), steps.max(0), steps[0], steps[-1]]
        features.append(np.concatenate([*parts, [len(steps)]]))
    return np.array(features)


# By kind of rows: the features' name, and what makes their transformer.
FEATURES: dict[str, tuple[str, Callable[[], Any]]] = {
    "text": ("TF-IDF", lambda: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
    "series": (
        "summary statistics",
        lambda: make_pipeline(FunctionTransformer(summarise), StandardScaler()),
    ),
}
