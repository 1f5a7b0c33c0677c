"""A running trial, as its driver sees it: the job of each repeat, and the outcome."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import optuna

from conveyor.config import FitConfig, SweepConfig, narrow, overlay
from conveyor.sweep.attributes import FAILURES, PARAMS, parse_constraint
from conveyor.sweep.protocol import State, TrialId, TrialJob, TrialOutcome
from conveyor.tasks.objectives import VALIDATION, validation_objectives


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

    def folder(self, trials: Path) -> Path:
        """Return the folder from which the trial resumes; a retry after a failure has a new one."""
        return trials / f"{self.id.number}-{self.trial.user_attrs.get(FAILURES, 0)}"

    def next_job(self, config: SweepConfig, prepared: Path, trials: Path) -> TrialJob:
        """Return the job of the next repeat: its configuration and its share of the machine.

        Args:
            prepared: folder of the prepared data.
            trials: the folder in which each trial has its own.
        """
        sweep, repeat = config.sweep, len(self.results)
        changes: dict[str, Any] = dict(self.trial.user_attrs[PARAMS])
        if sweep.repeats.by == "seeds":
            changes["seed"] = config.seed + repeat
        measured = [*sweep.objectives, *(parse_constraint(text)[0] for text in sweep.constraints)]
        metrics = [name for name in measured if name in validation_objectives()]
        return TrialJob(
            number=self.id.number,
            config=overlay(narrow(config, FitConfig), changes, origin="sweep.space"),
            prepared=str(prepared),
            scratch=str(self.folder(trials) / f"repeat-{repeat}"),
            fold=(repeat, sweep.repeats.count) if sweep.repeats.by == "folds" else None,
            threads=max(1, (os.cpu_count() or 1) // sweep.workers),
            gpu=str(sweep.gpus[self.slot % len(sweep.gpus)]) if sweep.gpus else None,
            metrics=tuple(name.removeprefix(VALIDATION) for name in metrics if name != "val_loss"),
            latency="latency_ms" in measured,
        )

    def completed(self, objectives: Sequence[str]) -> TrialOutcome:
        """Return the outcome of a trial whose repeats are all completed."""
        metrics = summarize(self.results)
        return TrialOutcome(State.COMPLETE, tuple(metrics[name] for name in objectives), metrics)

    def pruned(self, objective: str) -> TrialOutcome:
        """Return the outcome of a trial that the pruner or a violated constraint stopped."""
        metrics = summarize(self.results) if self.results else self.latest_metrics
        if self.violated:
            return TrialOutcome(State.PRUNED, (), metrics, f"not trained: violates {self.violated}")
        return TrialOutcome(State.PRUNED, (metrics[objective],), metrics)


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
