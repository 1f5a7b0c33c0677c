"""Every metric of a forecast, with its title and direction.

To add a metric, write its function here and add its row to METRICS: the evaluation, the gates, the
reports and the objectives of a sweep then know it. A metric is a mean over rows, columns and steps;
the report shows it by step too.
"""

from copy import copy
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Metric, MetricTable, Outputs, Targets
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import Forecasts, Truth


class PairedForecasts:
    """Forecasts and what came, and what several metrics derive from them.

    Args:
        targets: see `Truth`.
        outputs: see `Forecasts`.
        spec: the target of the model.
    """

    def __init__(self, targets: Targets, outputs: Outputs, spec: ForecastSpec) -> None:
        self.truth, self.forecasts = Truth(targets), Forecasts(outputs, spec)
        self.std = np.array(spec.std)[:, None]  # (columns, 1)

    def part(self, rows: Any, columns: slice, steps: slice) -> "PairedForecasts":
        """Return a part of the rows, of the columns and of the steps."""
        part = copy(self)
        part.__dict__.pop("errors", None)
        part.truth, part.forecasts = copy(self.truth), copy(self.forecasts)
        part.truth.values = self.truth.values[rows][:, columns, steps]
        part.truth.naive_errors = self.truth.naive_errors[rows][:, columns]
        part.forecasts.values = self.forecasts.values[rows][:, columns, steps]
        part.std = self.std[columns]
        return part

    def take(self, rows: NDArray[np.integer]) -> "PairedForecasts":
        return self.part(rows, slice(None), slice(None))

    @property
    def values(self) -> NDArray[np.floating]:
        """What came, (rows, columns, horizon)."""
        return self.truth.values

    @cached_property
    def errors(self) -> NDArray[np.floating]:
        """Forecast less truth, (rows, columns, horizon)."""
        return self.forecasts.point - self.values

    @property
    def row_errors(self) -> NDArray[np.floating]:
        """Absolute error of each row in standard deviations, (rows,)."""
        return (np.abs(self.errors) / self.std).mean(axis=(1, 2))


def mae(pairs: PairedForecasts) -> float:
    """Mean absolute error, in the data's unit.

    Formula: mean of |forecast - true|.
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return float(np.abs(pairs.errors).mean())


def mse(pairs: PairedForecasts) -> float:
    """Mean squared error, in the square of the data's unit.

    Formula: mean of (forecast - true)².
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return float((pairs.errors**2).mean())


def rmse(pairs: PairedForecasts) -> float:
    """Root of the mean squared error, in the data's unit.

    Formula: √(mean of (forecast - true)²).
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return mse(pairs) ** 0.5


def scaled_mae(pairs: PairedForecasts) -> float:
    """Mean absolute error in standard deviations of the training steps.

    Formula: mean of |forecast - true| / standard deviation of the training steps.
    Source: Zhou et al. 2021, Informer, whose tables have it for standardised series.
    """
    return float((np.abs(pairs.errors) / pairs.std).mean())


def scaled_mse(pairs: PairedForecasts) -> float:
    """Mean squared error in units of the variance of the training steps.

    Formula: mean of (forecast - true)² / variance of the training steps.
    Source: Zhou et al. 2021, Informer, whose tables have it for standardised series.
    """
    return float(((pairs.errors / pairs.std) ** 2).mean())


def mase(pairs: PairedForecasts) -> float:
    """Mean absolute scaled error: in errors of the seasonal naive forecast of the series.

    Formula: mean of |forecast - true| / mean of |true - true one season before| in training.
    Source: Hyndman & Koehler 2006, Another look at measures of forecast accuracy.
    """
    return float((np.abs(pairs.errors) / pairs.truth.naive_errors[:, :, None]).mean())


def smape(pairs: PairedForecasts) -> float:
    """Symmetric mean absolute percentage error, from 0 to 2; NaN where all is 0.

    Formula: mean of 2 |forecast - true| / (|forecast| + |true|), without the steps where both are
    0.
    Source: Makridakis 1993, Accuracy measures: theoretical and practical concerns.
    """
    size = np.abs(pairs.forecasts.point) + np.abs(pairs.values)
    defined = size > 0
    if not defined.any():
        return float("nan")
    return float((2 * np.abs(pairs.errors)[defined] / size[defined]).mean())


def weighted_quantile_loss(pairs: PairedForecasts) -> float:
    """Quantile loss beside the size of what came; NaN where all of it is 0.

    Formula: mean over quantiles of 2 Σ max(q e, (q - 1) e) / Σ |true|, with e = true - forecast.
    Source: Salinas et al. 2020, DeepAR.
    """
    total = np.abs(pairs.values).sum()
    quantiles = np.array(pairs.forecasts.quantiles)
    above = pairs.values[..., None] - pairs.forecasts.values
    losses = np.maximum(above * quantiles, above * (quantiles - 1)).sum(axis=(0, 1, 2))
    return float(2 * losses.mean() / total) if total > 0 else float("nan")


def coverage(pairs: PairedForecasts) -> float:
    """Share of what came within the lowest and the highest quantile; NaN without quantiles.

    Formula: values with lowest quantile ≤ true ≤ highest quantile / values.
    Source: Khosravi et al. 2011, Comprehensive review of neural network-based prediction intervals.
    """
    forecasts, values = pairs.forecasts, pairs.values
    if len(forecasts.quantiles) == 1:
        return float("nan")
    return float(((forecasts.low <= values) & (values <= forecasts.high)).mean())


def coverage_gap(pairs: PairedForecasts) -> float:
    """Distance of the coverage from the share that the quantiles promise.

    Formula: |coverage - (highest quantile - lowest quantile)|.
    Source: Khosravi et al. 2011, Comprehensive review of neural network-based prediction intervals.
    """
    quantiles = pairs.forecasts.quantiles
    return abs(coverage(pairs) - (quantiles[-1] - quantiles[0]))


METRICS: dict[str, Metric] = {
    "mae": Metric("mean absolute error", mae, "lower"),
    "mse": Metric("mean squared error", mse, "lower"),
    "rmse": Metric("root mean squared error", rmse, "lower"),
    "scaled_mae": Metric("mean absolute error in standard deviations", scaled_mae, "lower"),
    "scaled_mse": Metric("mean squared error in variances", scaled_mse, "lower"),
    "mase": Metric("mean absolute error in errors of the seasonal naive forecast", mase, "lower"),
    "smape": Metric("symmetric mean absolute percentage error", smape, "lower"),
    "weighted_quantile_loss": Metric("weighted quantile loss", weighted_quantile_loss, "lower"),
    "coverage": Metric("share of values within the interval", coverage, "higher"),
    "coverage_gap": Metric("distance of that share from the promised one", coverage_gap, "lower"),
}

HEADLINE = "scaled_mae"


def make_table(spec: ForecastSpec) -> MetricTable:
    """Return the metrics of a model of this target."""
    pair = partial(PairedForecasts, spec=spec)
    return MetricTable(METRICS, HEADLINE, (HEADLINE, "scaled_mse"), pair)
