"""What is explained of a multi-label answer: the probability of a label."""

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.explained import ExplainedOutput, find_name, refuse_step
from conveyor.tasks.multilabel.options import LabelSpec


class Explained:
    """See `conveyor.tasks.explained.Explained`: the most probable label is explained."""

    def __init__(self, spec: LabelSpec) -> None:
        self._spec = spec

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        refuse_step(step)
        if name is None:
            return self._explain(outputs, int(outputs[0].argmax()))
        return self._explain(outputs, find_name(self._spec.labels, name))

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """The label whose probability is furthest from the truth."""
        return self._explain(outputs, int(np.abs(outputs[0] - targets[0]).argmax()))

    def _explain(self, outputs: Outputs, code: int) -> ExplainedOutput:
        title = f"probability of {self._spec.labels[code]!r}"
        return ExplainedOutput.of_position(title, outputs[0], code)
