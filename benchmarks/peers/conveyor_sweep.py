"""Runs Conveyor's sweep: `python conveyor_sweep.py median | none`, two workers, with MLflow."""

import sys
import tempfile
from pathlib import Path

import plain

from conveyor.config import SweepConfig, load, overlay
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.run import run_sweep
from conveyor.sweep.study import SweepStudy

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    changes = {"seed": plain.SEED, "sweep.trials": 10_000, "sweep.workers": 2,
               "sweep.pruner.name": sys.argv[1]}  # fmt: skip
    config = overlay(load(SweepConfig, ROOT / "artifacts" / "config.yaml"), changes)
    executor = make_executor(config.sweep, ROOT / "data" / "prepared")
    from conveyor.tracking.sweeps import SweepRecorder

    class Teller(SweepRecorder):
        def observe(self, event: events.Event) -> None:
            super().observe(event)
            if isinstance(event, events.TrialFinished):
                values, state = event.outcome.values, event.outcome.state
                plain.write_trial(values[0] if values else float("nan"), str(state))

    paths = Paths(Path(tempfile.mkdtemp()))
    recorder = Teller("benchmark", paths, "benchmark", dataset="benchmark")
    with SweepStudy(paths.scratch, config, "benchmark") as study:
        run_sweep(study, paths, recorder, executor)
