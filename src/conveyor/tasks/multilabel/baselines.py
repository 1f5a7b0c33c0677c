"""Simple multi-label models, which a recurrent network must beat to be worth its cost."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.features import choose_features
from conveyor.tasks.multilabel.decision import choose_thresholds
from conveyor.tasks.multilabel.metrics import HEADLINE
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.values import ModelOutputs

ITERATIONS = 2000
FOLDS = 5

# From rows (raw) and targets of the training rows to the outputs of other rows.
Fit = Callable[[Sequence[Any], Targets, Sequence[Any]], Outputs]


class Baselines:
    """Predicts by label shares, and by one logistic regression a label on simple features.

    Where the network has thresholds, each baseline has thresholds of its own. They are chosen for
    the same metric, on predictions of the training rows by cross-validation.
    """

    trivial = "label shares"

    def __init__(self, spec: LabelSpec) -> None:
        self._spec = spec

    def best_constant(self, targets: Targets) -> ModelOutputs:
        outputs = np.tile(targets.mean(axis=0), (len(targets), 1))
        thresholds = choose_thresholds(targets, outputs, HEADLINE)
        return ModelOutputs(self._spec.model_copy(update={"thresholds": thresholds}), outputs)

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        features, make_features = choose_features(kind, rows)

        def predict_shares(_: Sequence[Any], targets: Targets, others: Sequence[Any]) -> Outputs:
            return np.tile(targets.mean(axis=0), (len(others), 1))

        def predict_linear(rows: Sequence[Any], targets: Targets, others: Sequence[Any]) -> Outputs:
            transformer = make_features()
            training, inputs = transformer.fit_transform(rows), transformer.transform(others)
            outputs = predict_shares(rows, targets, others)
            for label, column in enumerate(targets.T):
                if column.any() and not column.all():  # else there is nothing to learn
                    model = LogisticRegression(max_iter=ITERATIONS, random_state=seed)
                    outputs[:, label] = model.fit(training, column).predict_proba(inputs)[:, 1]
            return outputs

        models = {
            self.trivial: predict_shares,
            f"{features} + one logistic regression a label": predict_linear,
        }
        return {
            name: ModelOutputs(
                self._choose_decision(fit, rows, targets, seed), fit(rows, targets, test_rows)
            )
            for name, fit in models.items()
        }

    def _choose_decision(
        self, fit: Fit, rows: Sequence[Any], targets: Targets, seed: int
    ) -> LabelSpec:
        if self._spec.thresholds is None:
            return self._spec
        outputs = np.zeros(targets.shape)
        folding = KFold(min(FOLDS, len(rows)), shuffle=True, random_state=seed)
        for others, fold in folding.split(targets):
            outputs[fold] = fit(
                [rows[row] for row in others], targets[others], [rows[row] for row in fold]
            )
        thresholds = choose_thresholds(targets, outputs, self._spec.thresholds.metric)
        return self._spec.model_copy(update={"thresholds": thresholds})
