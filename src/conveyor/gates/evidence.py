"""What the gates judge, and how one answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measurements:
    """What was measured of the artefact, outside the gates; None where it was not.

    Attributes:
        size: of all its files, bytes.
        latency: of one row, median, milliseconds.
        padding: largest difference between a probability of a row alone and beside longer rows.
        round_trip: the same between this process and a fresh one.
        quantised: accuracy on the test rows, `float_accuracy` of the float graph on the same, and
            their probabilities' largest difference; None where the float graph is served.
        data: what reports/data.json holds.
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
        labels: true classes, int (rows,), positions in the challenger's classes.
        challenger: probabilities (rows, classes).
        champion: probabilities of the champion, columns in the challenger's order; None without
            a champion, or where its classes are others.
        champion_name: how to call it; None without one.
        scores: the challenger's metrics.
        baseline: accuracy of the best simple baseline on these rows; None if none was scored.
        classes: names, in the order of the columns; empty: there are no slices by class.
        lengths: steps of each row, int (rows,); None: there are no slices by length.
    """

    labels: NDArray[np.integer]
    challenger: NDArray[np.floating]
    champion: NDArray[np.floating] | None
    champion_name: str | None
    scores: Mapping[str, float]
    baseline: float | None
    classes: Sequence[str] = ()
    lengths: NDArray[np.integer] | None = None
    measured: Measurements = Measurements()


@dataclass(frozen=True)
class GateResult:
    """One gate's answer: passed or not, a sentence that says why, and the numbers behind it."""

    gate: str
    passed: bool
    reason: str
    numbers: dict[str, Any]
