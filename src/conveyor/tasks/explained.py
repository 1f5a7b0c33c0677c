"""The facet that says which number of an answer is explained, and what all tasks need for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from conveyor.errors import InputError
from conveyor.metrics import Outputs, Targets

MAX_NAMES = 20  # in a message


@dataclass(frozen=True)
class ExplainedOutput:
    """A number of an answer: a weighted sum of the outputs of a row.

    Attributes:
        title: what it is, for people.
        weights: of the outputs, (width,), or (steps, width) where each step has its own.
    """

    title: str
    weights: NDArray[np.float64]

    @classmethod
    def of_position(cls, title: str, outputs: Outputs, *position: int) -> "ExplainedOutput":
        """The output at a position of one row's outputs."""
        weights = np.zeros(outputs.shape)
        weights[position] = 1.0
        return cls(title, weights)

    def read(self, outputs: Outputs) -> NDArray[np.float64]:
        """Return the number of each row, (rows,), of outputs (rows, ...)."""
        return outputs.reshape(len(outputs), -1).astype(np.float64) @ self.weights.ravel()


class Explained(Protocol):
    """Chooses which number of an answer is explained."""

    def choose(self, outputs: Outputs, name: str | None, step: int | None) -> ExplainedOutput:
        """Return what a person chose, or else what matters most in the answer.

        Args:
            outputs: of one row, first axis (1,).
            name: of an output, as the target has it.
            step: from 1; None also where the answer has no steps.

        Raises:
            InputError: the answer has no such output or step.
        """
        ...

    def choose_error(self, outputs: Outputs, targets: Targets) -> ExplainedOutput:
        """Return what is most wrong in the answer.

        Args:
            outputs: of one row, first axis (1,); likewise the targets.
        """
        ...


def find_name(names: Sequence[str], name: str) -> int:
    """Return the position of a name that a person chose.

    Raises:
        InputError: there is no such name.
    """
    if name not in names:
        listed = ", ".join(map(repr, names[:MAX_NAMES]))
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        raise InputError(f"output: expected one of {listed}{more}; got {name!r}. Choose one of "
                         "these, or leave it out")  # fmt: skip
    return list(names).index(name)


def find_step(steps: int, step: int) -> int:
    """Return the position, from 0, of a step that a person chose, from 1.

    Raises:
        InputError: there is no such step.
    """
    if not 1 <= step <= steps:
        message = f"step: expected a step from 1 to {steps}; got {step}. Choose one of these"
        raise InputError(message)
    return step - 1


def refuse_step(step: int | None) -> None:
    """Refuse a step where an answer has none.

    Raises:
        InputError: a step was chosen.
    """
    if step is not None:
        raise InputError(f"step: expected none, since the answer has no steps; got {step}. "
                         "Leave it out")  # fmt: skip
