"""What is explained of a tagger's answer: the probability of the tag of a step."""

import numpy as np

from conveyor.metrics import Outputs, Targets
from conveyor.tasks.explained import ExplainedOutput, find_name, find_step
from conveyor.tasks.tagging.decoding import decode
from conveyor.tasks.tagging.options import TagSpec


class Explained:
    """See `conveyor.tasks.explained`: the tag that the answer has at a step is explained, at the
    first step of the first span or, where there is no span, at the first step of the row."""

    def __init__(self, spec: TagSpec) -> None:
        self._spec = spec

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        [tags] = decode(self._spec, outputs)
        outside = self._spec.tags.index(self._spec.outside) if self._has_outside else -1
        first = int((tags != outside).argmax())
        place = first if step is None else find_step(len(tags), step)
        code = int(tags[place]) if name is None else find_name(self._spec.tags, name)
        return self._explain(outputs, place, code)

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """The first wrong tag."""
        [tags] = decode(self._spec, outputs)
        place = int((tags != targets[0][: len(tags)]).argmax())
        return self._explain(outputs, place, int(tags[place]))

    @property
    def _has_outside(self) -> bool:
        return self._spec.outside in self._spec.tags

    def _explain(self, outputs: Outputs, place: int, code: int) -> ExplainedOutput:
        title = f"probability of the tag {self._spec.tags[code]!r} at step {place + 1}"
        return ExplainedOutput.of_position(title, np.asarray(outputs[0]), place, code)
