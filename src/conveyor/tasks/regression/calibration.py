"""Widths of intervals, chosen so that they hold as many rows as they promise."""

from math import ceil

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.regression.outputs import NumericOutputs

SMALLEST = 1e-9  # distance of a quantile from the median, in standard deviations


def choose_widths(targets: Targets, outputs: Outputs, spec: RegressionSpec) -> list[float]:
    """Choose for each column by which factor its quantiles move away from the median, so that the
    interval holds its share of rows on which the network was not trained (conformalised quantile
    regression, Romano et al. 2019; with factors, Kivaranovic et al. 2020).

    Args:
        targets: of the validation rows, (rows, columns).
        outputs: of the network, (rows, columns x quantiles).
        spec: with quantiles.
    """
    numbers = NumericOutputs(outputs, spec.model_copy(update={"widths": None}))
    quantiles, rows = numbers.quantiles, len(targets)
    assert quantiles is not None
    smallest = SMALLEST * np.array(spec.std)
    below = (numbers.point - targets) / np.maximum(numbers.point - numbers.low, smallest)
    above = (targets - numbers.point) / np.maximum(numbers.high - numbers.point, smallest)
    needed = np.sort(np.maximum(below, above), axis=0)  # (rows, columns), to include each
    rank = ceil((rows + 1) * (quantiles[-1] - quantiles[0]) - 1e-9)
    return needed[min(rank, rows) - 1].tolist()
