"""Compares two forecasts of the same rows, and scores one on rows that it has never seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import SAMPLES, PValues
from conveyor.metrics.resampling import bootstrap_p_values, draw_samples
from conveyor.tasks.forecasting.metrics import PairedForecasts, mae
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import MARKS, Truth
from conveyor.tasks.values import ModelOutputs, Score

SEED = 0  # of the bootstrap, so that the same rows give the same p value
Z95 = 1.959964  # quantile 0.975 of the normal distribution
FEWEST_BLOCKS = 10  # of the test rows, if they have as many times


class Comparison:
    """See `conveyor.tasks.comparison.Comparison`."""

    test_title = "paired bootstrap of blocks of time"
    error_title = "the absolute error in standard deviations, mean over columns and steps"
    tests = {}  # noqa: RUF012

    def __init__(self, spec: ForecastSpec) -> None:
        self._spec = spec

    def units(self, targets: Targets) -> NDArray[np.integer]:
        """Return the block of time of each row, (rows,), the same for all series.

        Errors of neighbouring origins depend on each other, since their horizons overlap. So a
        block has two horizons, or a season if that is longer (Künsch 1989, The jackknife and the
        bootstrap for general stationary observations); fewer where there would be few blocks.
        """
        _, positions = np.unique(Truth(targets).times, return_inverse=True)
        count = int(positions.max()) + 1 if len(positions) else 0
        length = max(2 * self._spec.horizon, self._spec.season)
        return positions // max(1, min(length, count // FEWEST_BLOCKS))

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        """Test the difference of the mean scaled absolute errors on bootstrap samples of blocks."""
        gains = _row_errors(targets, theirs) - _row_errors(targets, ours)  # (rows,)
        draws = draw_samples(len(gains), SAMPLES, SEED, self.units(targets))
        return bootstrap_p_values(np.array([gains[rows].mean() for rows in draws]))

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        return _row_errors(targets, model)

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        """The time of a row is its place, since answers are in order of time."""
        columns, horizon = self._spec.columns, self._spec.horizon
        fields = [
            np.array([[[float(row[field_name(field, name, step, len(columns))])
                        for step in range(horizon)] for name in columns] for row in rows])
            for field in ("target", "predicted")
        ]  # fmt: skip
        values, points = fields  # (rows, columns, horizon)
        marks = np.ones((*values.shape[:2], MARKS))
        marks[:, :, -1] = np.arange(len(values))[:, None]
        spec = self._spec.model_copy(update={"quantiles": None, "widths": None})
        targets = np.concatenate([values, marks], axis=2)
        return targets, ModelOutputs(spec, points.reshape(len(points), -1))

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        """All rows are of one stratum: what is cut at times has no folds."""
        return np.zeros(len(targets), np.int64)

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """The quarters of the rows by time."""
        times = Truth(targets).times
        edges = np.quantile(times, [0.25, 0.5, 0.75])
        part = np.searchsorted(edges, times, side="left")
        return [(f"quarter {number + 1} by time", part == number) for number in np.unique(part)]

    def score(self, values: Sequence[Any], outputs: Outputs) -> Score:
        """Return the scaled mean absolute error with a normal interval, and the mean absolute
        error in the data's unit."""
        shape = len(values), len(self._spec.columns), self._spec.horizon
        numbers = np.array(values, np.float64).reshape(shape)
        targets = np.concatenate([numbers, np.ones((*shape[:2], MARKS))], axis=2)
        errors = _row_errors(targets, ModelOutputs(self._spec, outputs))
        mean = float(errors.mean())
        # Rows whose horizons overlap tell as much as those whose do not.
        independent = max(1.0, len(errors) / self._spec.horizon)
        margin = Z95 * float(errors.std()) / independent**0.5
        pairs = PairedForecasts(targets, outputs, self._spec)
        bounds = (max(0.0, mean - margin), mean + margin)
        return Score(len(errors), "scaled_mae", mean, bounds, {"mae": mae(pairs)}, better="lower")


def field_name(field: str, column: str, step: int, columns: int) -> str:
    """Return the name of a column of predictions.csv; steps count from 1 there."""
    return f"{field} {step + 1}" if columns == 1 else f"{field} {column} {step + 1}"


def _row_errors(targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
    spec: Any = model.spec
    return PairedForecasts(targets, model.outputs, spec).row_errors
