"""What the facets of a task take and return beside arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Better, Outputs, Targets
from conveyor.raw_row import sequence_of, to_text


@dataclass(frozen=True)
class Distributions:
    """Distributions by feature: rows of each value, and one number for each row."""

    counts: dict[str, dict[str, int]]
    samples: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Score:
    """A metric of a model on some rows.

    Attributes:
        metric: its name.
        interval: (low, high), 95 %.
        numbers: what else is recorded.
    """

    rows: int
    metric: str
    value: float
    interval: tuple[float, float]
    numbers: dict[str, Any]
    better: Better = "higher"

    def is_worse_than(self, limit: float) -> bool:
        return self.value < limit if self.better == "higher" else self.value > limit


@dataclass(frozen=True)
class ModelOutputs:
    """What a model gives for each row, and its target, which says how the model decides.

    Two models of equal outputs may decide differently, so each is judged by its own target.

    Attributes:
        spec: a TargetSpec; its class is that of the task.
        outputs: (rows, width).
    """

    spec: Any
    outputs: Outputs


@dataclass(frozen=True)
class ScoredRows:
    """Rows with their targets and a model's outputs, in one order.

    Attributes:
        raw: rows as they are in the data, of either kind of `raw_row`.
        lengths: steps of each row, int (rows,).
    """

    ids: list[str]
    raw: Any
    targets: Targets
    lengths: NDArray[np.integer]
    outputs: Outputs

    def text(self, row: int) -> str | None:
        """The text of a row; None for a series."""
        return to_text(sequence_of(self.raw[row]))
