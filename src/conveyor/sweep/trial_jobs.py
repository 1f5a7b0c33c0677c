"""The job of each repeat of a trial: its configuration, its folder, its share of the machine."""

import os
from pathlib import Path
from typing import Any

from conveyor.config import FitConfig, SweepConfig, narrow, overlay
from conveyor.metrics.objectives import EPOCH_OBJECTIVES, VALIDATION
from conveyor.sweep.attributes import FAILURES, PARAMS, parse_constraint
from conveyor.sweep.protocol import TrialJob
from conveyor.sweep.running_trial import RunningTrial


def make_job(config: SweepConfig, running: RunningTrial, prepared: str, folder: Path) -> TrialJob:
    """Return the job of the next repeat of a trial.

    Args:
        prepared: folder of the prepared data.
        folder: the trial's own folder; see `trial_folder`.
    """
    sweep, repeat = config.sweep, len(running.results)
    changes: dict[str, Any] = dict(running.trial.user_attrs[PARAMS])
    if sweep.repeats.by == "seeds":
        changes["seed"] = config.seed + repeat
    measured = [*sweep.objectives, *(parse_constraint(text)[0] for text in sweep.constraints)]
    metrics = [name for name in measured if name in EPOCH_OBJECTIVES]
    return TrialJob(
        number=running.id.number,
        config=overlay(narrow(config, FitConfig), changes, origin="sweep.space"),
        prepared=prepared,
        scratch=str(folder / f"repeat-{repeat}"),
        fold=(repeat, sweep.repeats.count) if sweep.repeats.by == "folds" else None,
        threads=max(1, (os.cpu_count() or 1) // sweep.workers),
        gpu=str(sweep.gpus[running.slot % len(sweep.gpus)]) if sweep.gpus else None,
        metrics=tuple(name.removeprefix(VALIDATION) for name in metrics if name != "val_loss"),
        latency="latency_ms" in measured,
    )


def trial_folder(trials: Path, running: RunningTrial) -> Path:
    """Return the folder from which a trial resumes; a retry after a failure has a new one."""
    failures = running.trial.user_attrs.get(FAILURES, 0)
    return trials / f"{running.id.number}-{failures}"
