"""Helpers of the sweep's tests: a small configuration, an observer that keeps what it hears.

As a script, one sweep in a process of its own that a test can kill:
`python sweeping.py FOLDER FUNCTION TRIALS SAMPLER PRUNER WORKERS`.
"""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor.config import Config
from conveyor.config.load import partial
from conveyor.sweep.protocol import Metrics, Outcome
from conveyor.sweep.run import run_sweep

HERE = Path(__file__).parent
SPACE = {
    "model.dropout": "interval(0.0, 0.9)",
    "model.units": "choice([8], [4, 4], [16])",
    "train.learning_rate": "tag(log, interval(1e-4, 1e-1))",
}
MODEL = {
    "cell": "lstm", "units": [8], "bidirectional": False, "activation": "tanh",
    "recurrent_activation": "sigmoid", "dropout": 0.1, "recurrent_dropout": 0.0,
    "layer_norm": False, "residual": False, "embedding": 4, "pooling": "last", "head_dropout": 0.0,
}  # fmt: skip
TRAIN = {
    "epochs": 10, "batch_size": 32, "optimizer": "adam", "learning_rate": 1e-3,
    "schedule": "constant", "weight_decay": 0.0, "clip_norm": 1.0, "label_smoothing": 0.0,
    "class_weights": "none", "patience": 5, "refit": False, "bucket_batches": 4,
    "precision": "float32", "strategy": "one",
}  # fmt: skip
SWEEP = {
    "enabled": True, "trials": 6, "workers": 1, "objective": "val_loss", "time_limit": None,
    "trial_time_limit": None, "max_failed_share": 0.5,
    "sampler": {"name": "tpe", "startup_trials": 3},
    "pruner": {"name": "none", "startup_trials": 2, "warmup_epochs": 1}, "space": SPACE,
}  # fmt: skip


def settings(**changes: Any) -> Config:
    """A valid part of the configuration; `changes` are of the section `sweep`."""
    sweep = {**SWEEP, **changes}
    return partial({"name": "t", "seed": 5, "model": MODEL, "train": TRAIN, "sweep": sweep})


class Listener:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.resumed = False
        self.started: list[Mapping[str, Any]] = []
        self.epochs: list[tuple[int, int]] = []
        self.outcomes: dict[int, Outcome] = {}
        self.end: tuple[Mapping[str, Any] | None, str | None] | None = None

    def sweep_started(self, key: str, settings: Mapping[str, Any], *, resumed: bool) -> None:
        self.keys.append(key)
        self.resumed = resumed

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None:
        self.started.append(params)

    def trial_reported(self, number: int, epoch: int, metrics: Metrics) -> None:
        self.epochs.append((number, epoch))

    def trial_finished(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome

    def sweep_finished(self, best: Mapping[str, Any] | None, error: str | None) -> None:
        self.end = (best, error)


def search(folder: Path, config: Config, function: str) -> tuple[dict[str, Any], Listener]:
    """Run a sweep of `trial_functions.<function>` with all its files in `folder`."""
    listener = Listener()
    best = run_sweep(
        config, folder, "digest", folder / "out", folder / "scratch", listener,
        trial=f"trial_functions:{function}",
    )  # fmt: skip
    return best, listener


def rows(folder: Path) -> list[dict[str, str]]:
    """What trials.csv says."""
    with (folder / "out" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    place, name, trials, sampler, pruner, workers = sys.argv[1:]
    changes = {
        "trials": int(trials),
        "workers": int(workers),
        "sampler": {"name": sampler, "startup_trials": 3},
        "pruner": {"name": pruner, "startup_trials": 2, "warmup_epochs": 1},
    }
    search(Path(place), settings(**changes), name)
