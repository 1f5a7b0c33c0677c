"""The trials of a sweep, as plots show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conveyor.plots import BLUE, ORANGE, RED

Trial = Mapping[str, Any]
COLORS = {"complete": BLUE, "pruned": ORANGE, "failed": RED}
MARKERS = {"complete": "o", "pruned": "X"}
NO_VALUE = "no trial has a value"


@dataclass(frozen=True)
class SweepTrials:
    """The trials of a sweep that have a value, as the plots show them.

    Attributes:
        rows: a mapping for each trial with `trial` (its number), `state`, `feasible`, `value` (the
            first objective), `values` (all objectives), `params` (value by key)
            and `validations` (pairs of validation and first objective).
        keys: all searched keys; a trial may lack some.
        logarithmic: keys that were searched on a log scale.
        objectives: by name, whether a higher or a lower value is better.
        ends: the lowest and the highest number of each key that is searched in a range.
    """

    rows: Sequence[Trial]
    keys: Sequence[str]
    logarithmic: Collection[str]
    objectives: Mapping[str, str]
    ends: Mapping[str, tuple[float, float]]

    @property
    def axis_titles(self) -> list[str]:
        """Each objective, and which way it is better."""
        return [f"{name} ({better} is better)" for name, better in self.objectives.items()]

    @property
    def objective(self) -> str:
        """The first objective, which most plots show."""
        return next(iter(self.objectives))

    @property
    def lower_is_better(self) -> bool:
        """Whether the first objective is minimised."""
        return self.objectives[self.objective] == "lower"
