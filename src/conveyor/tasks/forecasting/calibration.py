"""Widths of intervals, chosen so that they hold as many values as they promise."""

from math import ceil

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import Forecasts, Truth

SMALLEST = 1e-9  # distance of a quantile from the median, in standard deviations


def choose_widths(targets: Targets, outputs: Outputs, spec: ForecastSpec) -> list[float]:
    """Choose for each column by which factor its quantiles move away from the median, so that the
    interval holds its share of the values of rows on which the network was not trained
    (conformalised quantile regression, Romano et al. 2019; with factors, Kivaranovic et al. 2020).

    Args:
        targets: of the validation rows, see `Truth`.
        outputs: of the network.
        spec: with quantiles.
    """
    forecasts = Forecasts(outputs, spec.model_copy(update={"widths": None}))
    values, point = Truth(targets).values, forecasts.point
    smallest = SMALLEST * np.array(spec.std)[:, None]
    below = (point - values) / np.maximum(point - forecasts.low, smallest)
    above = (values - point) / np.maximum(forecasts.high - point, smallest)
    needed = np.maximum(below, above).transpose(1, 0, 2)  # to include each
    needed = np.sort(needed.reshape(len(spec.columns), -1), axis=1)
    count = needed.shape[1]
    share = forecasts.quantiles[-1] - forecasts.quantiles[0]
    rank = min(ceil((count + 1) * share - 1e-9), count)
    return needed[:, rank - 1].tolist()
