"""Compares two workers with one: trials an hour on the prepared data, and the slots' idle share.

    python benchmarks/workers.py [ROUNDS]

Sweeps of equal trials (random search, no pruning, a fixed number of epochs) with one and with two
workers take turns; medians. The time runs from the first trial's begin to the last one's end. Needs
a prepared belt (`make`).
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from conveyor.config import SweepConfig, load, overlay
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.run import run_sweep
from conveyor.sweep.study import SweepStudy

ROOT = Path(__file__).parents[1]
TRIALS, EPOCHS = 8, 12
# Nothing that changes how long a trial takes: an odd one out would keep one worker waiting.
SPACE = {
    "model.dropout": "interval(0.2, 0.5)",
    "train.learning_rate": "tag(log, interval(1e-3, 5e-3))",
}


class Clock:
    """Observer: the begin of the first trial, the end of the last one, and the idle share."""

    def __init__(self) -> None:
        self.began = self.ended = self.idle_share = 0.0

    def observe(self, event: events.Event) -> None:
        match event:
            case events.ValidationReported():
                self.began = self.began or time.monotonic()
            case events.TrialFinished():
                self.ended = time.monotonic()
            case events.SweepFinished():
                self.idle_share = event.idle_share


def sweep(workers: int) -> tuple[float, float]:
    """Trials an hour, and the idle share."""
    changes = {
        "sweep.trials": TRIALS, "sweep.workers": workers, "sweep.sampler.name": "random",
        "sweep.pruner.name": "none", "train.epochs": EPOCHS, "train.folds": 0,
        "sweep.space": SPACE,
    }  # fmt: skip
    config = overlay(load(SweepConfig), changes)
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        executor = make_executor(config.sweep, ROOT / "data" / "prepared")
        paths = Paths(Path(name))
        with SweepStudy(paths.scratch, config, "none") as study:
            run_sweep(study, paths, clock, executor)
    return 3600 * TRIALS / (clock.ended - clock.began), clock.idle_share


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    measured = [(sweep(1), sweep(2)) for _ in range(rounds)]
    single, double = ([r[i][0] for r in measured] for i in (0, 1))
    ratios = [b / a for a, b in zip(single, double, strict=True)]
    print(f"trials an hour: one worker {median(single):.0f}, two {median(double):.0f}")
    print(f"ratio of each round: {', '.join(f'{r:.2f}' for r in ratios)}; median "
          f"{median(ratios):.2f}")  # fmt: skip
    idle = max(r[i][1] for r in measured for i in (0, 1))
    print(f"idle share of the slots, the most of all sweeps: {100 * idle:.1f} %")
