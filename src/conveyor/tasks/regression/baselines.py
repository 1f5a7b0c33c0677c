"""Simple regressions, which a recurrent network must beat to be worth its cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from conveyor.metrics import Targets
from conveyor.tasks.features import choose_features
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.values import ModelOutputs


class Baselines:
    """Predicts the median, whose mean absolute error is the smallest of all constants, and by ridge
    regression on simple features."""

    trivial = "median"

    def __init__(self, spec: RegressionSpec) -> None:
        self._spec = spec.model_copy(update={"quantiles": None, "widths": None})
        self._std = np.array(spec.std)

    def best_constant(self, targets: Targets) -> ModelOutputs:
        return ModelOutputs(self._spec, np.tile(np.median(targets, axis=0), (len(targets), 1)))

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        """Predict one number for each column of the test rows.

        Args:
            kind: of the rows, `text` or `series`.
            rows: training rows, raw.
            targets: of the training rows, (rows, columns).

        Returns:
            Numbers in the data's unit (test rows, columns), by the name of the baseline.
        """
        features, make_features = choose_features(kind, rows)
        mean = targets.mean(axis=0)  # (columns,)
        model = make_pipeline(make_features(), Ridge(random_state=seed))
        model.fit(rows, (targets - mean) / self._std)
        ridge = model.predict(test_rows).reshape(len(test_rows), -1) * self._std + mean
        median = np.tile(np.median(targets, axis=0), (len(test_rows), 1))
        outputs = {self.trivial: median, f"{features} + ridge": ridge}
        return {name: ModelOutputs(self._spec, values) for name, values in outputs.items()}
