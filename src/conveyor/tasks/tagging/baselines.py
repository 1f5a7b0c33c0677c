"""Simple taggers, which a recurrent network must beat to be worth its cost."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import FeatureHasher
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.steps import as_rows, count_steps, join_steps, split_steps
from conveyor.raw_row import sequences_of
from conveyor.tasks.tagging.metrics import HEADLINE, make_table
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.values import ModelOutputs

ITERATIONS = 2000
SEED = 0  # of tags at random, so that equal targets give equal numbers
NEIGHBOURS = (-2, -1, 0, 1, 2)  # steps whose values or tokens tell the tag of a step
SUFFIX = 3  # last letters of a token that are a feature
FEATURES = 1 << 18  # of the hashed tokens
PENALTY, PASSES = 1e-6, 20  # of the linear model on tokens


class Baselines:
    """Predicts the most frequent tag for all steps; of texts the most frequent tag of each token;
    and by a linear model on a step and its neighbours. All are decoded as the network is."""

    trivial = "tags that ignore the row"

    def __init__(self, spec: TagSpec) -> None:
        self._spec, self._width = spec, len(spec.tags)

    def best_constant(self, targets: Targets) -> ModelOutputs:
        """Return one tag for all steps, or tags drawn by their shares in the targets: since one tag
        makes hardly a span, tags at random may find more."""
        table, steps = make_table(self._spec), count_steps(targets)
        tags, one_hot = join_steps(targets), np.eye(self._width)
        candidates = [self._repeat(answer, steps) for answer in one_hot]
        drawn = np.random.default_rng(SEED).permutation(tags)
        candidates.append(split_steps(one_hot[drawn], steps))
        scores = [table.compute_one(HEADLINE, targets, outputs) for outputs in candidates]
        return ModelOutputs(self._spec, candidates[int(np.argmax(scores))])

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        """Predict the test rows.

        Args:
            kind: of the rows, `text` or `series`.
            rows: training rows, raw.
            targets: of the training rows, (rows,) of int (steps,); shorter than a row that was cut.

        Returns:
            Probabilities, (test rows,) of (steps, tags), by the name of the baseline.
        """
        shares = np.bincount(join_steps(targets), minlength=self._width).astype(float)
        sequences, test = sequences_of(rows), sequences_of(test_rows)
        if kind == "text":
            texts, test_texts = list(sequences), list(test)
            test_steps = count_steps(test_texts)
            outputs = {
                "most frequent tag of each token": self._look_up(
                    texts, targets, test_texts, shares
                ),
                "linear model on a token and its neighbours": self._fit_tokens(
                    texts, targets, test_texts, seed
                ),
            }
        else:
            test_steps = count_steps(test)
            linear = self._fit_steps(sequences, targets, test, seed)
            outputs = {"logistic regression on a step and its neighbours": linear}
        trivial = self._repeat(shares / shares.sum(), test_steps)
        outputs = {self.trivial: trivial, **outputs}
        return {name: ModelOutputs(self._spec, values) for name, values in outputs.items()}

    def _repeat(self, answer: NDArray[np.floating], steps: NDArray[np.integer]) -> Outputs:
        """Give each step of rows of these lengths the same outputs, (tags,)."""
        return as_rows([np.tile(answer, (count, 1)) for count in steps.tolist()])

    def _look_up(
        self, texts: Sequence[list[str]], targets: Targets, test: Sequence[list[str]],
        shares: NDArray[np.floating],
    ) -> Outputs:  # fmt: skip
        """The shares of the tags of each token; those of all tokens for one that is new."""
        counts: dict[str, NDArray[np.float64]] = {}
        for tokens, tags in zip(texts, targets, strict=True):
            for token, tag in zip(tokens, tags.tolist(), strict=False):
                counts.setdefault(token.lower(), np.zeros(self._width))[tag] += 1
        rows = []
        for tokens in test:
            by_token = np.array([counts.get(token.lower(), shares) for token in tokens])
            rows.append(by_token / by_token.sum(axis=1, keepdims=True))
        return as_rows(rows)

    def _fit_tokens(
        self, texts: Sequence[list[str]], targets: Targets, test: Sequence[list[str]], seed: int
    ) -> Outputs:
        hasher = FeatureHasher(FEATURES, input_type="string", alternate_sign=False)
        steps = count_steps(targets)
        cut = (tokens[:count] for tokens, count in zip(texts, steps.tolist(), strict=True))
        features = hasher.transform(name for tokens in cut for name in _describe_tokens(tokens))
        model = SGDClassifier(
            loss="log_loss", alpha=PENALTY, max_iter=PASSES, tol=None, random_state=seed
        )
        model.fit(features, join_steps(targets))
        new = hasher.transform(name for tokens in test for name in _describe_tokens(tokens))
        return self._spread(model, new, count_steps(test))

    def _fit_steps(
        self, series: Sequence[Any], targets: Targets, test: Sequence[Any], seed: int
    ) -> Outputs:
        steps = count_steps(targets)
        cut = [row[:count] for row, count in zip(series, steps.tolist(), strict=True)]
        model = make_pipeline(
            SimpleImputer(keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(max_iter=ITERATIONS, random_state=seed),
        )
        model.fit(np.concatenate([_join_neighbours(row) for row in cut]), join_steps(targets))
        new = np.concatenate([_join_neighbours(row) for row in test])
        return self._spread(model, new, count_steps(test))

    def _spread(self, model: Any, features: Any, steps: NDArray[np.integer]) -> Outputs:
        """Predict all steps, and give each its probability of every tag."""
        probabilities = np.zeros((features.shape[0], self._width))
        probabilities[:, model.classes_] = model.predict_proba(features)
        return split_steps(probabilities, steps)


def _describe_tokens(tokens: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names of the features of each token: itself and its neighbours with their distance,
    and its case and last letters."""
    lower = [token.lower() for token in tokens]
    for place, token in enumerate(tokens):
        names = [
            f"{distance} {lower[place + distance]}" if 0 <= place + distance < len(lower)
            else f"{distance}"
            for distance in NEIGHBOURS
        ]  # fmt: skip
        case = f"case {token.istitle()} {token.isupper()} {token.isdigit()}"
        yield [*names, case, f"end {lower[place][-SUFFIX:]}"]


def _join_neighbours(series: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each step beside its neighbours, (steps, neighbours x channels); beyond either end are
    the first and the last step."""
    steps = np.arange(len(series))
    places = np.clip(steps[:, None] + np.array(NEIGHBOURS), 0, len(series) - 1)
    return np.asarray(series, np.float64)[places].reshape(len(series), -1)
