"""A running trial, as its driver sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import optuna

from conveyor.sweep.protocol import Outcome, State, TrialId


@dataclass
class RunningTrial:
    """A trial that runs in a slot.

    Attributes:
        results: metrics of its completed repeats.
        latest_metrics: newest metrics of the repeat that runs.
        violated: the constraint that stopped the trial before training; empty if none did.
        started: when the repeat began to run, in seconds of the monotonic clock.
    """

    trial: optuna.Trial
    id: TrialId
    slot: int
    results: list[dict[str, float]]
    latest_metrics: dict[str, float] = field(default_factory=dict)
    violated: str = ""
    started: float = 0.0

    def completed(self, objectives: Sequence[str]) -> Outcome:
        """Return the outcome of a trial whose repeats are all completed."""
        metrics = summarize(self.results)
        return Outcome(State.COMPLETE, tuple(metrics[name] for name in objectives), metrics)

    def pruned(self, objective: str) -> Outcome:
        """Return the outcome of a trial that the pruner or a violated constraint stopped."""
        metrics = summarize(self.results) if self.results else self.latest_metrics
        if self.violated:
            return Outcome(State.PRUNED, (), metrics, f"not trained: violates {self.violated}")
        return Outcome(State.PRUNED, (metrics[objective],), metrics)


def summarize(results: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the only result, or the means of several and, as `…_std`, their sample standard
    deviations."""
    if len(results) == 1:
        return dict(results[0])
    summary: dict[str, float] = {}
    for name in results[0]:
        values = [result[name] for result in results]
        summary |= {name: fmean(values), f"{name}_std": stdev(values)}
    return summary
