"""One sweep of many trials that prints the driver's memory after every hundredth.

python memory_process.py FOLDER TRIALS
"""

import gc
import sys
from pathlib import Path

import psutil
from sweeping import Listener, paths_in, settings

from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.run import run_sweep
from conveyor.sweep.study import SweepStudy


class Meter(Listener):
    def observe(self, event: events.Event) -> None:
        if isinstance(event, events.TrialFinished) and event.trial.number % 100 == 99:
            gc.collect()
            print(psutil.Process().memory_info().rss / 2**20, flush=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    config = settings(trials=int(sys.argv[2]), sampler={"name": "random"})
    executor = make_executor(config.sweep, folder, "trial_functions:instant")
    paths = paths_in(folder)
    with SweepStudy(paths.scratch, config, "digest") as study:
        run_sweep(study, paths, Meter(), executor)
