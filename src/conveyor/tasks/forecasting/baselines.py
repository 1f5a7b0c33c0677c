"""Simple forecasts, which a recurrent network must beat to be worth its cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from conveyor.metrics import Targets
from conveyor.raw_row import Row, sequence_of
from conveyor.tasks.features import StaticFeatures
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.forecasting.outputs import Truth
from conveyor.tasks.values import ModelOutputs

MAX_ROWS = 20_000  # on which the regression is fitted; of more, evenly spaced ones

Values = NDArray[np.float64]


class Baselines:
    """The last value, the value one season before, and ridge regression on all values of the
    context, on what is known ahead and on static columns."""

    trivial = "median"

    def __init__(self, spec: ForecastSpec) -> None:
        self._spec = spec.model_copy(update={"quantiles": None, "widths": None})
        self._std = np.array(spec.std)[:, None]  # (columns, 1)

    def best_constant(self, targets: Targets) -> ModelOutputs:
        """The median of each column, over all rows and steps."""
        values = Truth(targets).values
        median = np.median(values, axis=(0, 2))  # (columns,)
        return self._output(np.tile(median[:, None], (len(values), 1, values.shape[2])))

    def predict(
        self, kind: str, rows: Sequence[Any], targets: Targets, test_rows: Sequence[Any], seed: int
    ) -> dict[str, ModelOutputs]:
        """Return the outputs of each baseline; see `tasks.facets.Baselines`.

        The seasonal one is left out where a season is longer than the context.
        """
        chosen = np.linspace(0, len(rows) - 1, min(MAX_ROWS, len(rows))).astype(np.int64)
        truth, horizon = Truth(targets[chosen]), self._spec.horizon
        lags, ahead = self._read(test_rows)
        last = lags[:, :, -1:]  # (rows, columns, 1)
        repeated = np.tile(last, (1, 1, horizon))
        median = np.median(truth.values, axis=(0, 2))[:, None]
        outputs = {self.trivial: np.tile(median, (len(lags), 1, horizon)), "last value": repeated}
        season, context = self._spec.season, self._spec.context
        if 1 < season <= context:
            steps = context - season + np.arange(horizon) % season
            outputs["seasonal naive"] = lags[:, :, steps]
        own = [rows[row] for row in chosen.tolist()]
        own_lags, own_ahead = self._read(own)
        if isinstance(own[0], Row):
            static = StaticFeatures().fit(own)
            own_ahead = np.concatenate([own_ahead, static.transform(own).toarray()], axis=1)
            ahead = np.concatenate([ahead, static.transform(test_rows).toarray()], axis=1)
        model = Ridge(random_state=seed)
        own_last = own_lags[:, :, -1:]
        model.fit(
            self._features(own_lags, own_ahead),
            ((truth.values - own_last) / self._std).reshape(len(own_lags), -1),
        )
        steps = model.predict(self._features(lags, ahead)).reshape(repeated.shape)
        outputs["ridge on the lags"] = steps * self._std + last
        return {name: self._output(values) for name, values in outputs.items()}

    def _output(self, values: Values) -> ModelOutputs:
        return ModelOutputs(self._spec, values.reshape(len(values), -1))

    def _read(self, rows: Sequence[Any]) -> tuple[Values, Values]:
        """Return the lags, (rows, columns, context), each missing one as the value before it or, at
        the start, the next one; and what is known ahead, (rows, numbers), missing ones as 0."""
        spec = self._spec
        steps = np.stack(
            [np.asarray(sequence_of(row), np.float64) for row in rows]
        )  # (rows, steps, channels)
        lags = fill_forward(steps[:, : spec.context, : len(spec.columns)].transpose(0, 2, 1))
        numbers = steps[:, spec.context :, len(spec.columns) + len(spec.past) :]
        return lags, np.nan_to_num(numbers.reshape(len(steps), -1))

    def _features(self, lags: Values, others: Values) -> Values:
        """Return the lags less the last one, in standard deviations, beside other features."""
        scaled = (lags - lags[:, :, -1:]) / self._std
        return np.concatenate([scaled.reshape(len(lags), -1), others], axis=1)


def fill_forward(values: Values) -> Values:
    """Fill missing values along the last axis with the one before, or else the next one."""
    for _ in range(2):
        places = np.where(np.isnan(values), 0, np.arange(values.shape[-1]))
        places = np.maximum.accumulate(places, axis=-1)
        values = np.take_along_axis(values, places, axis=-1)[..., ::-1]
    return values
