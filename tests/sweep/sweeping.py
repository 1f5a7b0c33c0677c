"""Helpers of the sweep's tests: a small configuration, a recording observer.

As a script, one sweep in a process of its own that a test can kill:
`python sweeping.py FOLDER FUNCTION lead|join '{trials: 3, workers: 2}'`.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from conveyor.config import SweepConfig, validate
from conveyor.paths import Paths
from conveyor.sweep import events
from conveyor.sweep.executors import make_executor
from conveyor.sweep.protocol import TrialId, TrialOutcome, TrialOutcomes
from conveyor.sweep.run import join_sweep, run_sweep
from conveyor.sweep.study import SweepStudy

HERE = Path(__file__).parent
SPACE = {
    "model.dropout": "interval(0.0, 0.9)",
    "model.units": "choice([8], [4, 4], [16])",
    "train.learning_rate": "tag(log, interval(1e-4, 1e-1))",
}
MODEL = {
    "cell": "lstm", "units": [8], "bidirectional": False, "activation": "tanh",
    "recurrent_activation": "sigmoid", "unit_forget_bias": True, "dropout": 0.1,
    "recurrent_dropout": 0.0, "layer_norm": False, "residual": False, "embedding": 4,
    "word_dropout": 0.0, "front": "none",
    "wide": False, "pooling": "last", "head_dropout": 0.0, "kernel": "auto",
}  # fmt: skip
TRAIN = {
    "updates": "auto", "epochs": 10, "validate_every": "auto", "patience_updates": None,
    "folds": None, "warmup_updates": 0, "batch_size": 32, "optimizer": "adam",
    "learning_rate": 1e-3, "schedule": "constant", "weight_decay": 0.0, "clip_norm": 1.0,
    "patience": 5,
    "refit": False, "bucket_batches": 4, "chunk": None, "precision": "float32", "strategy": "one",
    "callbacks": {}, "init": "scratch", "intra_op": "auto", "inter_op": "auto",
}  # fmt: skip
HEAD = {
    "task": "classification", "loss": "cross_entropy", "gamma": 2.0, "label_smoothing": 0.0,
    "class_weights": "none", "costs": None,
}  # fmt: skip
SWEEP = {
    **yaml.safe_load((HERE.parents[1] / "conf" / "sweep" / "base" / "engine.yaml").read_text()),
    "trials": 6, "sampler": {"name": "tpe", "startup_trials": 3}, "space": SPACE,
}  # fmt: skip
PRUNER = {**SWEEP["pruner"], "startup_trials": 2, "warmup_validations": 1}
SWEEP["pruner"] = {**PRUNER, "name": "none"}


def settings(**changes: Any) -> SweepConfig:
    """A valid part of the configuration; `changes` are of the section `sweep`."""
    nested = ("sampler", "pruner", "repeats", "pick", "warm_start", "ray")
    changes = {k: {**SWEEP[k], **v} if k in nested else v for k, v in changes.items()}
    sweep = {**SWEEP, **changes}
    values = {"name": "t", "seed": 5, "model": MODEL, "head": HEAD, "train": TRAIN, "sweep": sweep}
    return validate(SweepConfig, values, origin=lambda dotted: "its test")


def label_search(labels: Sequence[str]) -> SweepConfig:
    """A search over a parameter that has each label as its value once."""
    quoted = [label.replace("\\", r"\\").replace("'", r"\'") for label in labels]
    options = ", ".join(f"'{label}'" for label in quoted)
    space = {"label": f"choice({options})", "model.dropout": "choice(0.1)"}
    return settings(trials=len(labels), sampler={"name": "grid"}, space=space)


class Listener:
    """An observer that records what is reported to it."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.ended_before: TrialOutcomes = {}
        self.started: list[Mapping[str, Any]] = []
        self.validations: list[tuple[TrialId, int, int]] = []  # trial, repeat, validation
        self.repeats: list[tuple[TrialId, int]] = []
        self.outcomes: dict[TrialId, TrialOutcome] = {}
        self.ended: TrialOutcomes = {}
        self.idle_share = 0.0
        self.end: tuple[Mapping[str, Any] | None, str | None] | None = None

    def observe(self, event: events.Event) -> None:
        match event:
            case events.SweepStarted(token, _, ended):
                self.keys.append(token)
                self.ended_before = ended
            case events.TrialStarted(_, params):
                self.started.append(params)
            case events.ValidationReported(trial, repeat, validation, _):
                self.validations.append((trial, repeat, validation))
            case events.RepeatFinished(trial, repeat, _):
                self.repeats.append((trial, repeat))
            case events.TrialFinished(trial, outcome):
                self.outcomes[trial] = outcome
            case events.SweepFinished(best, ended, idle_share):
                self.end, self.ended, self.idle_share = (best, None), ended, idle_share
            case events.SweepFailed(error, ended):
                self.end, self.ended = (None, error), ended


def paths_in(folder: Path) -> Paths:
    """The paths of a sweep that has all its files in one folder."""
    paths = Paths(folder)
    paths.scratch, paths.sweep, paths.sweep_pages = (
        folder / name for name in ("scratch", "out", "pages")
    )
    return paths


def search(
    folder: Path, config: SweepConfig, function: str, champion: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Listener]:
    """Run a sweep of `trial_functions.<function>` with all its files in `folder`."""
    listener = Listener()
    executor = make_executor(config.sweep, folder, f"trial_functions:{function}")
    paths = paths_in(folder)
    with SweepStudy(paths.scratch, config, "digest") as study:
        return run_sweep(study, paths, listener, executor, champion), listener


def join(folder: Path, config: SweepConfig, function: str) -> Listener:
    """One more driver of such a sweep."""
    listener = Listener()
    executor = make_executor(config.sweep, folder, f"trial_functions:{function}")
    with SweepStudy(paths_in(folder).scratch, config, "digest", "join") as study:
        join_sweep(study, listener, executor)
    return listener


def rows(folder: Path) -> list[dict[str, str]]:
    """What trials.csv says."""
    with (folder / "out" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    folder, function, mode, *changes = sys.argv[1:]
    config = settings(**yaml.safe_load(changes[0] if changes else "{}"))
    (search if mode == "lead" else join)(Path(folder), config, function)
