"""What a sweep fits on the rows at hand: nothing, or trials, their fits, and updates of each."""

import logging
from collections.abc import Mapping
from pathlib import Path

from conveyor.config import Sweep, SweepConfig, overlay
from conveyor.config.budget import count_trials, plan_budget, rows_outside_fold
from conveyor.sweep.check import find_obstacle
from conveyor.sweep.report.outputs import write_nothing
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)

Counts = Mapping[str, int]  # rows of each split
BUDGET_SETTINGS = ("train.updates", "train.epochs", "train.batch_size")


def skip_search(sweep: Sweep, counts: Counts, folder: Path, pages: Path) -> bool:
    """Return whether no search runs; then its outputs without parameters are in `folder`, and
    `pages` has no page."""
    obstacle = find_obstacle(sweep, counts)
    if obstacle:
        write_nothing(folder, pages, obstacle)
    return bool(obstacle)


def resolve_trials(config: SweepConfig, counts: Counts) -> SweepConfig:
    """Return the configuration with a number of trials instead of `auto`."""
    trials = count_trials(config.sweep, counts["train"] + counts["validation"])
    return overlay(config, {"sweep.trials": trials})


def log_size(study: SweepStudy, counts: Counts) -> None:
    """Say what is fitted: trials x fits x updates."""
    log.info("%s", describe_size(study.config, counts, study.total))


def describe_size(config: SweepConfig, counts: Counts, trials: int) -> str:
    """Return trials x fits x updates.

    Args:
        trials: of the study.
    """
    repeats, rows = config.sweep.repeats, counts["train"]
    if repeats.by == "folds":
        rows = rows_outside_fold(rows + counts["validation"], repeats.count)
    fits = f"{repeats.count} fit{'s' if repeats.count > 1 else ''}"
    varied = [key for key in BUDGET_SETTINGS if key in config.sweep.space]
    note = f"; the space varies {', '.join(varied)}" if varied else ""
    return f"{trials} trials x {fits} x {plan_budget(config.train, rows)}{note}"
