"""Runs Conveyor's sweep: `python conveyor_sweep.py median | none`, two workers, with MLflow."""

import sys
import tempfile
from pathlib import Path

import plain

from conveyor.config import SweepConfig, load, overlay
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.run import SweepFiles, run_sweep

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    changes = {"seed": plain.SEED, "sweep.trials": 10_000, "sweep.workers": 2,
               "sweep.pruner.name": sys.argv[1]}  # fmt: skip
    config = overlay(load(SweepConfig, ROOT / "artifacts" / "config.yaml"), changes)
    prepared = ROOT / "data" / "prepared"
    executor = make_executor(config.sweep, prepared)
    from conveyor.tracking.sweeps import SweepRecorder

    class Teller(SweepRecorder):
        def observe(self, event: events.Event) -> None:
            super().observe(event)
            if isinstance(event, events.TrialFinished):
                values, state = event.outcome.values, event.outcome.state
                plain.write_trial(values[0] if values else float("nan"), str(state))

    folder = Path(tempfile.mkdtemp())
    paths = Paths(folder)
    recorder = Teller("benchmark", paths, "benchmark")
    files = SweepFiles(prepared, "benchmark", paths.scratch, paths.sweep, paths.sweep_pages)
    run_sweep(config, files, recorder, executor)
