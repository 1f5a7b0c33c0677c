"""What is explained of a classifier's answer: the probability of a class."""

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.classification.decision import decide
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.explained import ExplainedOutput, find_name, refuse_step


class Explained:
    """See `conveyor.tasks.explained.Explained`: the answer is the class that is explained."""

    def __init__(self, spec: ClassSpec) -> None:
        self._spec = spec

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        refuse_step(step)
        if name is None:
            return self._explain(outputs, int(decide(self._spec, outputs)[0]))
        return self._explain(outputs, find_name(self._spec.classes, name))

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """The wrong class."""
        del targets
        return self._explain(outputs, int(decide(self._spec, outputs)[0]))

    def _explain(self, outputs: Outputs, code: int) -> ExplainedOutput:
        title = f"probability of {self._spec.classes[code]!r}"
        return ExplainedOutput.of_position(title, outputs[0], code)
