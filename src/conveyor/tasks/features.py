"""Features of rows for simple models: TF-IDF of texts, summary statistics of series, and the static
columns beside either."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from conveyor.raw_row import Row, sequences_of


def summarise(rows: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Compute mean, deviation, minimum, maximum, first and last step by channel, and the length.

    A missing value (NaN) counts as the mean of its channel in the row. A channel without any value,
    and a row without steps, has zeros.

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
        missing = np.isnan(steps)
        if missing.any():
            count = np.maximum((~missing).sum(axis=0), 1)
            steps = np.where(missing, np.where(missing, 0.0, steps).sum(axis=0) / count, steps)
        parts = [steps.mean(0), steps.std(0), steps.min(0), steps.max(0), steps[0], steps[-1]]
        features.append(np.concatenate([*parts, [len(steps)]]))
    return np.array(features)


class TextFeatures(TransformerMixin, BaseEstimator):
    """TF-IDF of words and pairs of words; of characters where no training text has a word, which
    scikit-learn takes from two letters or digits up."""

    def fit(self, rows: Sequence[str], targets: Any = None) -> Self:
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        tokenize = vectorizer.build_analyzer()
        if not any(tokenize(row) for row in rows):
            vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True)
        self.vectorizer_ = vectorizer.fit(rows)
        return self

    def transform(self, rows: Sequence[str]) -> Any:
        return self.vectorizer_.transform(rows)


class StaticFeatures(TransformerMixin, BaseEstimator):
    """Scaled numbers, the mean where one is missing, and one feature for each category."""

    def fit(self, rows: Sequence[Row], targets: Any = None) -> Self:
        numbers = [name for name, value in rows[0].static.items() if isinstance(value, float)]
        categories = [name for name in rows[0].static if name not in numbers]
        scale = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
        encode = OneHotEncoder(handle_unknown="ignore")
        self.columns_ = [(numbers, scale, float), (categories, encode, object)]
        for names, transformer, dtype in self.columns_:
            if names:
                transformer.fit(_cells(rows, names, dtype))
        return self

    def transform(self, rows: Sequence[Row]) -> Any:
        # hstack refuses arrays of which none is sparse, as where all columns are numbers.
        parts = [
            csr_array(transformer.transform(_cells(rows, names, dtype)))
            for names, transformer, dtype in self.columns_
            if names
        ]
        return hstack(parts, format="csr")  # (rows, features)


def _cells(rows: Sequence[Row], names: Sequence[str], dtype: Any) -> NDArray[Any]:
    return np.array([[row.static[name] for name in names] for row in rows], dtype)


FEATURES: dict[str, tuple[str, Callable[[], Any]]] = {
    "text": ("TF-IDF", TextFeatures),
    "series": (
        "summary statistics",
        lambda: make_pipeline(FunctionTransformer(summarise), StandardScaler()),
    ),
}  # by kind of rows: the features' name, and what makes their transformer


def choose_features(kind: str, rows: Sequence[Any]) -> tuple[str, Callable[[], Any]]:
    """Return the name of the features of such rows, and what makes their transformer.

    Args:
        kind: of the sequences, a key of FEATURES.
        rows: of either kind of `raw_row`.
    """
    name, make = FEATURES[kind]
    if not isinstance(rows[0], Row):
        return name, make

    def make_both() -> Any:
        sequences = make_pipeline(FunctionTransformer(sequences_of), make())
        return make_union(sequences, StaticFeatures())

    return f"{name} and static columns", make_both
