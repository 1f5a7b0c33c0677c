"""What the gates judge, and how a gate answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Gates
from conveyor.metrics import Outputs, Targets
from conveyor.metrics.baselines import BaselineComparison
from conveyor.tasks import Task
from conveyor.tasks.values import ModelOutputs

Outcome = Literal["passed", "waived", "refused"]


@dataclass(frozen=True)
class Measurements:
    """Measurements of the artifact, taken outside the gates; None where one was not taken.

    Attributes:
        size: of all its files, bytes.
        latency: median of one row, milliseconds.
        padding: largest difference between a row's outputs alone and beside longer rows.
        round_trip: the same between this process and a fresh one.
        quantised: the headline metric on the test rows, that of the float graph on the same rows
            under `float_` and its name, and their outputs' largest difference; None where the float
            graph is served.
        data: the content of reports/data.json.
        champion_dropped: share of the rows of the champion's data that were dropped.
    """

    size: int | None = None
    latency: float | None = None
    padding: float | None = None
    round_trip: float | None = None
    quantised: Mapping[str, float] | None = None
    data: Mapping[str, Any] | None = None
    champion_dropped: float | None = None


@dataclass(frozen=True)
class Evidence:
    """A challenger and the champion on the same test rows.

    Attributes:
        task: the challenger's.
        targets: of the rows, encoded as the challenger's.
        challenger: its outputs, (rows, width).
        champion: its outputs and target in the challenger's order; None without a champion, or
            where the two cannot be compared.
        champion_version: its number in the registry; None without a champion.
        scores: the challenger's metrics.
        baselines: the challenger beside simple baselines on these rows; None if none was scored.
        lengths: steps of each row, int (rows,); None: there are no slices by length.
    """

    task: Task
    targets: Targets
    challenger: Outputs
    champion: ModelOutputs | None
    champion_version: str | None
    scores: Mapping[str, float]
    baselines: BaselineComparison | None
    lengths: NDArray[np.integer] | None = None
    measured: Measurements = Measurements()


@dataclass(frozen=True)
class GateResult:
    """A gate's answer: passed or not, a sentence that says why, and its numbers.

    Attributes:
        waived: why a person accepts that it did not pass, as the configuration says; else None.
    """

    gate: str
    passed: bool
    reason: str
    numbers: dict[str, Any]
    waived: str | None = None

    @property
    def outcome(self) -> Outcome:
        if self.passed:
            return "passed"
        return "refused" if self.waived is None else "waived"


Gate = Callable[[Evidence, Gates], list[GateResult]]  # no result where its limit is null
