"""Fits the experiment etth1: `python own_fit.py SEED PROJECT`, a project folder after `prepare`.

Prints what peer_fit.py prints: for each validation that was the best one so far, and for the model
that the stage `train` ends with, which is trained on the validation rows too.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from conveyor.config import TrainConfig, load, overlay
from conveyor.data.store import Prepared
from conveyor.models.export import predict
from conveyor.paths import Paths
from conveyor.tasks import Task
from conveyor.training.fit import fit
from conveyor.training.threads import set_threads

Point = dict[str, float]


class Snapshots:
    """Copies the weights at each validation that is the best one so far."""

    def __init__(self, prepared: Prepared) -> None:
        self._metrics = prepared.task.metrics
        self._best: float | None = None
        self.points: list[Point] = []
        self.weights: list[Any] = []

    def set_model(self, model: keras.Model) -> None:
        self._model = model

    def validate(self, number: int, row: dict[str, float]) -> None:
        headline = self._metrics.headline
        score = row[f"val_{headline}"]
        if self._best is None or self._metrics[headline].gain(score, self._best) > 0:
            self._best = score
            self.take(self._model, row["update"])

    def take(self, model: keras.Model, update: float) -> None:
        seconds = {"seconds": time.time() - float(os.environ["BEGAN"]),
                   "processor_seconds": time.process_time()}  # fmt: skip
        self.points.append({"update": update, **seconds})
        self.weights.append(model.get_weights())


def run(seed: int, paths: Paths, updates: int | None) -> list[Point]:
    changes = {"seed": seed} | ({"train.updates": updates} if updates else {})
    config = overlay(load(TrainConfig, paths.config), changes)
    prepared = Prepared(paths.prepared)
    set_threads(config, os.cpu_count() or 1)
    snapshots = Snapshots(prepared)
    model, history = fit(config, prepared, on_validation=snapshots.validate,
                         on_built=snapshots.set_model, progress=False)  # fmt: skip
    snapshots.take(model, history.best_update)
    assert history.best_target is not None
    test, table = prepared.split("test"), Task(history.best_target).metrics
    targets = np.asarray(test.targets)
    for point, weights in zip(snapshots.points, snapshots.weights, strict=True):
        model.set_weights(weights)
        outputs = predict(model, test.encoded)
        scores = table.compute(("scaled_mse", "scaled_mae"), targets, outputs)
        point |= {"mse": scores["scaled_mse"], "mae": scores["scaled_mae"],
                  "origins": float(len(targets))}  # fmt: skip
    return snapshots.points


if __name__ == "__main__":
    limit = int(sys.argv[3]) if sys.argv[3:] else None
    print(json.dumps(run(int(sys.argv[1]), Paths(Path(sys.argv[2])), limit)))
