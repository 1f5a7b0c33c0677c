"""Fits once with Conveyor, in a process of its own: `python conveyor_fit.py JSON PREPARED`.

Prints JSON: seconds from the start
of `fit` to the end of the first epoch, and the median seconds of a later epoch; `_cpu` are the same
in processor time, on which other processes of the machine have less influence.
"""

import itertools
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.config.budget import plan_budget
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.training.fit import fit
from conveyor.training.threads import set_threads

Moment = tuple[float, float]


def now() -> Moment:
    """Return wall time and processor time in seconds."""
    return time.perf_counter(), time.process_time()


def figures(times: list[Moment]) -> dict[str, float]:
    """Compute the time of the first and of a later epoch, from the start and the end of each."""
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(times)]
    later = [median(column) for column in zip(*steps[1:], strict=True)]
    return {"first": steps[0][0], "first_cpu": steps[0][1],
            "epoch": later[0], "epoch_cpu": later[1]}  # fmt: skip


def epochs_of(config: Config, prepared: Prepared) -> Config:
    """Return the configuration of one fit that is validated after each epoch."""
    budget = plan_budget(config.train, len(prepared.split("train").targets))
    changes = {"train.refit": False, "train.folds": None, "train.batch_size": budget.batch_size,
               "train.validate_every": budget.updates_per_epoch}  # fmt: skip
    return overlay(config, changes)


if __name__ == "__main__":
    changes, prepared = json.loads(sys.argv[1]), Prepared(Path(sys.argv[2]))
    config = epochs_of(overlay(compose(Paths(Path.cwd())), changes), prepared)
    set_threads(config, os.cpu_count() or 1)
    times = [now()]
    fit(config, prepared, progress=False, on_validation=lambda number, row: times.append(now()))
    print(json.dumps(figures(times)))
