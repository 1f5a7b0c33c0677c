"""The outputs of a network as predictions: one number a column, or quantiles."""

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs
from conveyor.tasks.regression.options import RegressionSpec

MEDIAN = 0.5


class NumericOutputs:
    """Predictions by column.

    Args:
        outputs: in the data's unit, (rows, columns), or (rows, columns x quantiles) with the
            quantiles of a column side by side, the lowest first.
        spec: the target of the model.

    Attributes:
        values: (rows, columns, quantiles), or (rows, columns, 1); the quantiles as wide as the
            target says.
        quantiles: None if each column has one number.
    """

    def __init__(self, outputs: Outputs, spec: RegressionSpec) -> None:
        self.quantiles = spec.quantiles
        shape = len(outputs), len(spec.columns), len(spec.quantiles or [MEDIAN])
        self.values = outputs.reshape(shape)
        if spec.widths is not None:
            middle = self.point[:, :, None]
            self.values = middle + (self.values - middle) * np.array(spec.widths)[:, None]

    @property
    def point(self) -> NDArray[np.floating]:
        """The number that stands for the prediction, (rows, columns): of quantiles the median."""
        middle = 0 if self.quantiles is None else self.quantiles.index(MEDIAN)
        return self.values[:, :, middle]

    @property
    def low(self) -> NDArray[np.floating]:
        """The lowest quantile, (rows, columns)."""
        return self.values[:, :, 0]

    @property
    def high(self) -> NDArray[np.floating]:
        """The highest quantile, (rows, columns)."""
        return self.values[:, :, -1]
