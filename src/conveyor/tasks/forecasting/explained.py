"""What is explained of a forecast: the median of a step of the horizon, or the mean of all."""

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.explained import ExplainedOutput, find_name, find_step
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import MEDIAN, Forecasts, Truth


class Explained:
    """See `conveyor.tasks.explained`: the mean forecast of the first column is explained."""

    def __init__(self, spec: ForecastSpec) -> None:
        self._spec = spec

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        column = 0 if name is None else find_name(self._spec.columns, name)
        place = None if step is None else find_step(self._spec.horizon, step)
        return self._explain(column, place)

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """The column and the step of the largest error in standard deviations."""
        errors = np.abs(Forecasts(outputs, self._spec).point - Truth(targets).values)[0]
        scaled = errors / np.array(self._spec.std)[:, None]  # (columns, horizon)
        column, place = np.unravel_index(int(np.nan_to_num(scaled).argmax()), scaled.shape)
        return self._explain(int(column), int(place))

    def _explain(self, column: int, place: int | None) -> ExplainedOutput:
        """Args: place: of a step, from 0; None: the mean of all."""
        spec, quantiles = self._spec, self._spec.quantiles or [MEDIAN]
        weights = np.zeros((len(spec.columns), spec.horizon, len(quantiles)))
        middle = weights[column, :, quantiles.index(MEDIAN)]  # (horizon,)
        name = spec.columns[column]
        if place is None:
            middle[:] = 1 / spec.horizon
            return ExplainedOutput(
                f"mean forecast of {name!r} over {spec.horizon} steps", weights.ravel()
            )
        middle[place] = 1.0
        return ExplainedOutput(f"forecast of {name!r} at step {place + 1}", weights.ravel())
