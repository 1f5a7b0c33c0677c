"""Measures the belt's overhead where nothing is trained.

    python benchmarks/overhead.py

Prints the time of a no-op `dvc repro` here over that of a DVC repository of as many empty stages
(A, B, A, B, ...; medians); the time of a retraining without news; the seconds from the driver's
start of a trial to the trial's first line, for each trial after the first; and the time of one
trial in a sweep of 1,000 trials that do nothing, its process included, with the driver's memory
after 100 trials and after all. Needs a belt that is up to date (`make`).
"""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import yaml

from conveyor.config import SweepConfig, load, overlay
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.protocol import Executor, TrialJob
from conveyor.sweep.run import run_sweep
from conveyor.sweep.study import SweepStudy

ROOT, HERE = Path(__file__).parents[1], Path(__file__).parent
ROUNDS, TRIALS, TRIVIAL = 7, 12, 1000
DVC = [sys.executable, "-m", "dvc"]


class Starts:
    """Observer of a sweep: seconds from the driver's start of a trial to the trial's first line."""

    def __init__(self) -> None:
        self.started: dict[int, float] = {}
        self.waits: list[float] = []

    def time_starts(self, executor: Executor) -> None:
        """Record when the driver asks the executor to start a trial."""
        start = executor.start

        def start_timed(job: TrialJob) -> Any:
            self.started[job.number] = time.time()
            return start(job)

        executor.start = start_timed

    def observe(self, event: events.Event) -> None:
        if isinstance(event, events.TrialFinished):
            self.waits.append(event.outcome.values[0] - self.started[event.trial.number])


def seconds(folder: Path) -> float:
    began = time.monotonic()
    subprocess.run([*DVC, "repro"], cwd=folder, check=True, capture_output=True)
    return time.monotonic() - began


def empty_stages(folder: Path) -> None:
    """As many stages as the belt has, each with one input and one output of a byte."""
    names = list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    (folder / "0.txt").write_text("x")
    stages = {
        name: {"cmd": f"cp {i}.txt {i + 1}.txt", "deps": [f"{i}.txt"], "outs": [f"{i + 1}.txt"]}
        for i, name in enumerate(names)
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([*DVC, "init", "-q"], cwd=folder, check=True)
    (folder / ".dvc" / "config").write_text((ROOT / ".dvc" / "config").read_text())
    seconds(folder)


def no_op() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty_stages(folder)
        times = [(seconds(ROOT), seconds(folder)) for _ in range(ROUNDS)]
    ours, theirs = (median(column) for column in zip(*times, strict=True))
    return (
        f"no-op dvc repro: {ours:.2f} s, of empty stages {theirs:.2f} s, ratio {ours / theirs:.2f}"
    )


def no_news() -> str:
    command = [sys.executable, "-m", "pipeline.retrain"]
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        times.append(time.monotonic() - began)
        assert process.returncode == 10, process.stderr
    return (
        f"retraining without news: {median(times):.1f} s, the longest of {ROUNDS} {max(times):.1f}"
    )


class Meter:
    """Observer of a sweep: the end of each trial and the driver's memory at that time, MiB."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.memory: list[float] = []

    def observe(self, event: events.Event) -> None:
        if isinstance(event, events.TrialFinished):
            self.ends.append(time.monotonic())
            self.memory.append(psutil.Process().memory_info().rss / 2**20)


def random_search(
    trials: int,
    trial: str,
    observer: events.Observer,
    on_executor: Callable[[Executor], None] = lambda executor: None,
) -> None:
    """A random search in a folder of its own."""
    changes = {"sweep.trials": trials, "sweep.sampler.name": "random", "sweep.pruner.name": "none"}
    config = overlay(load(SweepConfig), changes)
    with tempfile.TemporaryDirectory() as name:
        executor = make_executor(config.sweep, ROOT / "data" / "prepared", trial)
        on_executor(executor)
        paths = Paths(Path(name))
        with SweepStudy(paths.scratch, config, "none") as study:
            run_sweep(study, paths, observer, executor)


def driver() -> str:
    meter = Meter()
    random_search(TRIVIAL, "trivial_trial:run", meter)
    # During the first hundred trials the driver still imports modules.
    each = [b - a for a, b in itertools.pairwise(meter.ends[99:])]
    return (
        f"{TRIVIAL} trials that do nothing: median {1000 * median(each):.0f} ms a trial (the last "
        f"hundred {1000 * median(each[-100:]):.0f}), driver {meter.memory[99]:.0f} MiB after 100 "
        f"trials, {meter.memory[-1]:.0f} MiB after all"
    )


def trial_start() -> str:
    starts = Starts()
    random_search(TRIALS, "trial_start:run", starts, starts.time_starts)
    later = starts.waits[1:]
    return (
        f"trial start after the first: median {median(later):.3f} s, longest {max(later):.3f} s "
        f"of {len(later)} (the first, with TensorFlow's import, {starts.waits[0]:.1f} s)"
    )


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = f"{HERE}:{ROOT / 'src'}"
    sys.path.insert(0, str(HERE))
    print(no_op())
    print(no_news())
    print(trial_start())
    print(driver())
