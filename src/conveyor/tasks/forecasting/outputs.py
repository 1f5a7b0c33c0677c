"""The outputs of a network as forecasts, and the targets of rows with what metrics need of them."""

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.forecasting.options import ForecastSpec

MEDIAN = 0.5
MARKS = 3  # numbers of a target after its horizon, see `Truth`


class Forecasts:
    """Forecasts by column, step and quantile.

    Args:
        outputs: in the data's unit, (rows, columns x horizon x quantiles), or (rows, columns x
            horizon).
        spec: the target of the model.

    Attributes:
        values: (rows, columns, horizon, quantiles); the quantiles as wide as the target says.
        quantiles: [MEDIAN] where a step has one number.
    """

    def __init__(self, outputs: Outputs, spec: ForecastSpec) -> None:
        self.quantiles = spec.quantiles or [MEDIAN]
        shape = len(outputs), len(spec.columns), spec.horizon, len(self.quantiles)
        self.values = outputs.reshape(shape)
        if spec.widths is not None:
            middle = self.point[..., None]
            widths = np.array(spec.widths)[:, None, None]
            self.values = middle + (self.values - middle) * widths

    @property
    def point(self) -> NDArray[np.floating]:
        """The median, (rows, columns, horizon)."""
        return self.values[..., self.quantiles.index(MEDIAN)]

    @property
    def low(self) -> NDArray[np.floating]:
        """The lowest quantile, (rows, columns, horizon)."""
        return self.values[..., 0]

    @property
    def high(self) -> NDArray[np.floating]:
        """The highest quantile, (rows, columns, horizon)."""
        return self.values[..., -1]


class Truth:
    """The encoded targets of rows, (rows, columns, horizon + MARKS), by what they mean.

    Attributes:
        values: what follows the origin, in the data's unit, (rows, columns, horizon).
        naive_errors: mean absolute error of the seasonal naive forecast in the training steps of
            the series, (rows, columns).
        series: number of the series, (rows,).
        times: of the origins, whole numbers, (rows,).
    """

    def __init__(self, targets: Targets) -> None:
        self.values = targets[:, :, :-MARKS]
        self.naive_errors = targets[:, :, -MARKS]
        self.series = targets[:, 0, -2].astype(np.int64)
        self.times = targets[:, 0, -1]
