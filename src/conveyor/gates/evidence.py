"""What the gates judge, and how a gate answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.config import Gates


@dataclass(frozen=True)
class Measurements:
    """Measurements of the artifact, taken outside the gates; None where one was not taken.

    Attributes:
        size: of all its files, bytes.
        latency: median of one row, milliseconds.
        padding: largest difference between a row's probabilities alone and beside longer rows.
        round_trip: the same between this process and a fresh one.
        quantised: accuracy on the test rows, `float_accuracy` of the float graph on the same rows,
            and their probabilities' largest difference; None where the float graph is served.
        data: the content of reports/data.json.
    """

    size: int | None = None
    latency: float | None = None
    padding: float | None = None
    round_trip: float | None = None
    quantised: Mapping[str, float] | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Evidence:
    """A challenger and the champion on the same test rows.

    Attributes:
        labels: true classes, int (rows,), as positions in the challenger's classes.
        challenger: probabilities, (rows, classes).
        champion: probabilities of the champion, columns in the challenger's order; None without
            a champion, or where its classes differ.
        champion_version: its number in the registry; None without a champion.
        scores: the challenger's metrics.
        baseline: accuracy of the best simple baseline on these rows; None if none was scored.
        classes: names, in the order of the columns; empty: there are no slices by class.
        lengths: steps of each row, int (rows,); None: there are no slices by length.
    """

    labels: NDArray[np.integer]
    challenger: NDArray[np.floating]
    champion: NDArray[np.floating] | None
    champion_version: str | None
    scores: Mapping[str, float]
    baseline: float | None
    classes: Sequence[str] = ()
    lengths: NDArray[np.integer] | None = None
    measured: Measurements = Measurements()


@dataclass(frozen=True)
class GateResult:
    """A gate's answer: passed or not, a sentence that says why, and its numbers."""

    gate: str
    passed: bool
    reason: str
    numbers: dict[str, Any]


Gate = Callable[[Evidence, Gates], list[GateResult]]  # no result where its limit is null
