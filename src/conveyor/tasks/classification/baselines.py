"""Simple classifiers, which a recurrent network must beat to be worth its cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.features import choose_features
from conveyor.tasks.values import ModelOutputs

ITERATIONS = 2000


class Baselines:
    """Predicts by class shares, and by logistic regression on simple features.

    Where errors have costs, the answer is the class of the least expected cost: a threshold that
    was chosen for the network says nothing of other models.
    """

    trivial = "majority class"

    def __init__(self, spec: ClassSpec) -> None:
        decision = spec.decision and spec.decision.model_copy(update={"threshold": None})
        self._spec = spec.model_copy(update={"decision": decision})
        self._width = len(spec.classes)

    def best_constant(self, targets: Targets) -> ModelOutputs:
        return ModelOutputs(self._spec, self._predict_shares(targets, len(targets)))

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        """Predict the test rows.

        Args:
            kind: of the rows, `text` or `series`.
            rows: training rows, raw.
            targets: of the training rows, (rows,).

        Returns:
            Probabilities (test rows, classes), by the name of the baseline.
        """
        features, make_features = choose_features(kind, rows)
        outputs = {
            self.trivial: self._predict_shares(targets, len(test_rows)),
            f"{features} + logistic regression": self._predict_linear(
                make_features(), rows, targets, test_rows, seed
            ),
        }
        return {name: ModelOutputs(self._spec, values) for name, values in outputs.items()}

    def _predict_shares(self, targets: Targets, rows: int) -> Outputs:
        """Return the class shares of the targets for each of so many rows."""
        shares = np.bincount(targets, minlength=self._width) / len(targets)
        return np.tile(shares, (rows, 1))

    def _predict_linear(
        self,
        features: Any,
        rows: Sequence[Any],
        targets: Targets,
        test_rows: Sequence[Any],
        seed: int,
    ) -> Outputs:
        classifier = LogisticRegression(max_iter=ITERATIONS, random_state=seed)
        model = make_pipeline(features, classifier)
        model.fit(rows, targets)
        probabilities = np.zeros((len(test_rows), self._width))
        probabilities[:, model.classes_] = model.predict_proba(test_rows)
        return probabilities
