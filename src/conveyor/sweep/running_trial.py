"""A trial under way, as its driver keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import optuna

from conveyor.sweep.protocol import Outcome, State


@dataclass
class Running:
    """A trial under way in a slot.

    Attributes:
        results: of the repeats that have ended.
        known: newest metrics of the repeat that runs.
        broken: the constraint that stopped it before it was trained.
        began: that repeat's, on the monotonic clock, seconds.
    """

    trial: optuna.Trial
    slot: int
    results: list[dict[str, float]]
    known: dict[str, float] = field(default_factory=dict)
    broken: str = ""
    began: float = 0.0

    def complete(self, objectives: Sequence[str]) -> Outcome:
        """All repeats ran to their end."""
        metrics = summary(self.results)
        return Outcome(State.COMPLETE, tuple(metrics[name] for name in objectives), metrics)

    def pruned(self, objective: str) -> Outcome:
        """It was stopped, by the pruner or because it breaks a constraint."""
        metrics = summary(self.results) if self.results else self.known
        if self.broken:
            return Outcome(State.PRUNED, (), metrics, f"not trained: breaks {self.broken}")
        return Outcome(State.PRUNED, (metrics[objective],), metrics)


def summary(results: list[dict[str, float]]) -> dict[str, float]:
    """The one result, or means over several, with `…_std`, the sample standard deviation."""
    if len(results) == 1:
        return dict(results[0])
    found: dict[str, float] = {}
    for name in results[0]:
        values = [result[name] for result in results]
        found |= {name: fmean(values), f"{name}_std": stdev(values)}
    return found
