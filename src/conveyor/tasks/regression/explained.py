"""What is explained of a regression's answer: the prediction of a column."""

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.explained import ExplainedOutput, find_name, refuse_step
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.regression.outputs import MEDIAN, NumericOutputs


class Explained:
    """See `conveyor.tasks.explained.Explained`: the first column is explained, of quantiles the
    median."""

    def __init__(self, spec: RegressionSpec) -> None:
        self._spec = spec

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        refuse_step(step)
        return self._explain(outputs, 0 if name is None else find_name(self._spec.columns, name))

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """The column of the largest error in standard deviations."""
        errors = np.abs(NumericOutputs(outputs, self._spec).point - targets)[0]  # (columns,)
        return self._explain(outputs, int((errors / np.array(self._spec.std)).argmax()))

    def _explain(self, outputs: Outputs, column: int) -> ExplainedOutput:
        quantiles = self._spec.quantiles or [MEDIAN]
        position = column * len(quantiles) + quantiles.index(MEDIAN)
        title = f"prediction of {self._spec.columns[column]!r}"
        return ExplainedOutput.of_position(title, outputs[0], position)
