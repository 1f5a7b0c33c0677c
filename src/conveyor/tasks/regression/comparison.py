"""Compares two regressions on the same rows, and scores one on rows that it has never seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import SAMPLES, PValues
from conveyor.metrics.resampling import bootstrap_p_values, draw_samples
from conveyor.tasks.regression.metrics import NumericPredictions, mae
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.regression.strata import assign_strata, slice_by_target
from conveyor.tasks.values import ModelOutputs, Score

SEED = 0  # of the bootstrap, so that the same rows give the same p value
Z95 = 1.959964  # quantile 0.975 of the normal distribution


class Comparison:
    """See `conveyor.tasks.comparison.Comparison`."""

    test_title = "paired bootstrap"
    error_title = "the absolute error in standard deviations, mean over the columns"
    tests = {}  # noqa: RUF012

    def __init__(self, spec: RegressionSpec) -> None:
        self._spec = spec

    def units(self, targets: Targets) -> None:
        """Each row is one."""

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        """Test the difference of the mean scaled absolute errors on bootstrap samples of the
        rows."""
        gains = _row_errors(targets, theirs) - _row_errors(targets, ours)  # (rows,)
        draws = draw_samples(len(gains), SAMPLES, SEED)
        return bootstrap_p_values(np.array([gains[rows].mean() for rows in draws]))

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        return _row_errors(targets, model)

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        names = self._spec.columns
        endings = [""] if len(names) == 1 else [f" {name}" for name in names]
        targets, points = (
            np.array([[float(row[f"{field}{ending}"]) for ending in endings] for row in rows])
            for field in ("target", "predicted")
        )
        spec = self._spec.model_copy(update={"quantiles": None, "widths": None})
        return targets, ModelOutputs(spec, points)

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        return assign_strata(targets, np.ones(len(targets), np.int64))

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """The quarters of the rows by each target."""
        return list(slice_by_target(targets, self._spec.columns))

    def score(self, values: Sequence[Any], outputs: Outputs) -> Score:
        """Return the scaled mean absolute error with a normal interval, and the mean absolute
        error of each column in its unit."""
        targets = np.array(values, np.float64).reshape(len(values), -1)
        errors = _row_errors(targets, ModelOutputs(self._spec, outputs))
        mean = float(errors.mean())
        margin = Z95 * float(errors.std()) / len(errors) ** 0.5
        by_column = mae(NumericPredictions(targets, outputs, self._spec))
        numbers = {"mae": dict(zip(self._spec.columns, by_column.tolist(), strict=True))}
        bounds = (max(0.0, mean - margin), mean + margin)
        return Score(len(errors), "scaled_mae", mean, bounds, numbers, better="lower")


def _row_errors(targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
    spec: Any = model.spec
    return NumericPredictions(targets, model.outputs, spec).row_errors
