"""Every metric of a regression, with its title and direction.

To add a metric, write its function here and add its row to COLUMN_METRICS: the evaluation, the
gates, the reports and the objectives of a sweep then know it. With several targets a metric is the
mean over the targets; the report shows it for each.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Better, Metric, MetricTable, Outputs, Targets
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.regression.outputs import NumericOutputs

ByColumn = NDArray[np.float64]  # (columns,)


class NumericPredictions:
    """True and predicted numbers, and what several metrics derive from them.

    Args:
        targets: true numbers, float (rows, columns).
        outputs: see `NumericOutputs`.
        spec: the target of the model.
    """

    def __init__(self, targets: Targets, outputs: Outputs, spec: RegressionSpec) -> None:
        self.targets, self.outputs = targets, NumericOutputs(outputs, spec)
        self.std = np.array(spec.std)
        self._raw, self._spec = outputs, spec

    def take(self, rows: NDArray[np.integer]) -> "NumericPredictions":
        return NumericPredictions(self.targets[rows], self._raw[rows], self._spec)

    @cached_property
    def predicted(self) -> NDArray[np.floating]:
        """One number a column, (rows, columns)."""
        return self.outputs.point

    @cached_property
    def errors(self) -> NDArray[np.floating]:
        """Predicted less true, (rows, columns)."""
        return self.predicted - self.targets

    @property
    def row_errors(self) -> NDArray[np.floating]:
        """Absolute error of each row in standard deviations, mean over the columns, (rows,)."""
        return (np.abs(self.errors) / self.std).mean(axis=1)


def mae(predictions: NumericPredictions) -> ByColumn:
    """Mean absolute error, in the data's unit.

    Formula: mean of |predicted - true|.
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return np.abs(predictions.errors).mean(axis=0)


def rmse(predictions: NumericPredictions) -> ByColumn:
    """Root of the mean squared error, in the data's unit.

    Formula: √(mean of (predicted - true)²).
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return np.sqrt((predictions.errors**2).mean(axis=0))


def scaled_mae(predictions: NumericPredictions) -> ByColumn:
    """Mean absolute error in standard deviations of the training target, which has no unit and is
    defined for any row.

    Formula: mean of |predicted - true| / standard deviation of the training target.
    Source: as the mean absolute scaled error of Hyndman & Koehler 2006, with another scale.
    """
    return mae(predictions) / predictions.std


def r2(predictions: NumericPredictions) -> ByColumn:
    """Share of the variance that is explained; NaN where the true numbers are all equal.

    Formula: 1 - Σ (predicted - true)² / Σ (true - mean of true)².
    Source: Kvålseth 1985, Cautionary note about R².
    """
    deviations = predictions.targets - predictions.targets.mean(axis=0)
    unexplained, total = (predictions.errors**2).sum(axis=0), (deviations**2).sum(axis=0)
    return 1 - unexplained / np.where(total > 0, total, np.nan)


def pearson(predictions: NumericPredictions) -> ByColumn:
    """Pearson's correlation; NaN where the true or the predicted numbers are all equal.

    Formula: Σ (a - mean a)(b - mean b) / √(Σ (a - mean a)² Σ (b - mean b)²), with a true and b
    predicted.
    Source: Pearson 1895, Note on regression and inheritance in the case of two parents.
    """
    return _correlate(predictions.targets, predictions.predicted)


def spearman(predictions: NumericPredictions) -> ByColumn:
    """Correlation of the ranks, equal numbers sharing their mean rank.

    Formula: Pearson's correlation of the ranks.
    Source: Spearman 1904, The proof and measurement of association between two things.
    """
    return _correlate(_rank(predictions.targets), _rank(predictions.predicted))


def pinball(predictions: NumericPredictions) -> ByColumn:
    """Mean pinball loss of the quantiles, in the data's unit; NaN without
    quantiles.

    Formula: mean over rows and quantiles of max(q e, (q - 1) e), with e = true - predicted.
    Source: Koenker & Bassett 1978, Regression quantiles.
    """
    quantiles = predictions.outputs.quantiles
    if quantiles is None:
        return np.full(predictions.targets.shape[1], np.nan)
    above = predictions.targets[:, :, None] - predictions.outputs.values
    return np.maximum(above * quantiles, above * (np.array(quantiles) - 1)).mean(axis=(0, 2))


def coverage(predictions: NumericPredictions) -> ByColumn:
    """Share of the true numbers within the lowest and the highest quantile; NaN without any.

    Formula: rows with lowest quantile ≤ true ≤ highest quantile / rows.
    Source: Khosravi et al. 2011, Comprehensive review of neural network-based prediction intervals.
    """
    outputs, targets = predictions.outputs, predictions.targets
    if outputs.quantiles is None:
        return np.full(targets.shape[1], np.nan)
    return ((outputs.low <= targets) & (targets <= outputs.high)).mean(axis=0)


def coverage_gap(predictions: NumericPredictions) -> ByColumn:
    """Distance of the coverage from the share that the quantiles promise.

    Formula: |coverage - (highest quantile - lowest quantile)|.
    Source: Khosravi et al. 2011, Comprehensive review of neural network-based prediction intervals.
    """
    quantiles = predictions.outputs.quantiles or [0.0, 0.0]
    return np.abs(coverage(predictions) - (quantiles[-1] - quantiles[0]))


def _correlate(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> ByColumn:
    """Correlate columns (rows, columns) of two arrays; NaN where one of them is constant."""
    ours, theirs = (values - values.mean(axis=0) for values in (ours, theirs))
    scale = np.sqrt((ours**2).sum(axis=0) * (theirs**2).sum(axis=0))
    return (ours * theirs).sum(axis=0) / np.where(scale > 0, scale, np.nan)


def _rank(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rank each column from 1, (rows, columns)."""
    ranks = np.empty(values.shape)
    for column, numbers in enumerate(values.T):
        _, positions, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        ranks[:, column] = (np.cumsum(counts) - (counts - 1) / 2)[positions]
    return ranks


class ColumnMetric(NamedTuple):
    """A metric of each target."""

    title: str
    function: Callable[[NumericPredictions], ByColumn]
    better: Better = "lower"

    def mean(self, predictions: NumericPredictions) -> float:
        """Return the mean over the targets."""
        return float(self.function(predictions).mean())


COLUMN_METRICS: dict[str, ColumnMetric] = {
    "mae": ColumnMetric("mean absolute error", mae),
    "rmse": ColumnMetric("root mean squared error", rmse),
    "scaled_mae": ColumnMetric("mean absolute error in standard deviations", scaled_mae),
    "r2": ColumnMetric("R²", r2, "higher"),
    "pearson": ColumnMetric("Pearson correlation", pearson, "higher"),
    "spearman": ColumnMetric("Spearman correlation", spearman, "higher"),
    "pinball": ColumnMetric("pinball loss of the quantiles", pinball),
    "coverage": ColumnMetric("share of rows within the interval", coverage, "higher"),
    "coverage_gap": ColumnMetric("distance of that share from the promised one", coverage_gap),
}

METRICS: dict[str, Metric] = {
    name: Metric(metric.title, metric.mean, metric.better)
    for name, metric in COLUMN_METRICS.items()
}


HEADLINE = "scaled_mae"


def make_table(spec: RegressionSpec) -> MetricTable:
    """Return the metrics of a model of this target."""
    pair = partial(NumericPredictions, spec=spec)
    return MetricTable(METRICS, HEADLINE, (HEADLINE, "r2"), pair)
