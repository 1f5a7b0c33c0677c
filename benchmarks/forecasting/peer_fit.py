"""Fits neuralforecast's LSTM at its defaults: `python peer_fit.py SEED JSON`, of run.py.

Runs in the environment of setup.sh. It trains on all rows before the test rows, in their standard
deviations, and prints JSON: after every few of its steps and at the end, the seconds since the
process was started, those of the processor, and the error on the test rows of the network as it was
then. The test rows are forecast after the training, so that only the training is timed.
"""

import copy
import json
import logging
import os
import sys
import time
import warnings
from datetime import timedelta
from typing import Any

import pandas as pd
import pytorch_lightning  # pyright: ignore[reportMissingImports]  # of another environment
import torch  # pyright: ignore[reportMissingImports]
from neuralforecast import NeuralForecast  # pyright: ignore[reportMissingImports]
from neuralforecast.models import LSTM  # pyright: ignore[reportMissingImports]

Point = dict[str, float]


class Snapshots(pytorch_lightning.Callback):
    """Copies the weights after every few steps."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self.points: list[Point] = []
        self.weights: list[Any] = []

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        if trainer.global_step % self._interval == 0:
            self.take(module, trainer.global_step)

    def on_train_end(self, trainer: Any, module: Any) -> None:
        if trainer.global_step % self._interval:
            self.take(module, trainer.global_step)

    def take(self, module: Any, step: int) -> None:
        seconds = {"seconds": time.time() - float(os.environ["BEGAN"]),
                   "processor_seconds": time.process_time()}  # fmt: skip
        self.points.append({"update": float(step), **seconds})
        self.weights.append(copy.deepcopy(module.state_dict()))


def read(settings: dict[str, Any]) -> pd.DataFrame:
    """Read the series in the form that neuralforecast expects, standardised."""
    rows = pd.read_csv(settings["file"], parse_dates=[settings["time"]])
    series = pd.DataFrame({"unique_id": "series", "ds": rows[settings["time"]]})
    series["y"] = (rows[settings["column"]] - settings["mean"]) / settings["std"]
    return series[series["ds"] < settings["until"]]


def errors(forecaster: Any, series: pd.DataFrame, test_size: int) -> Point:
    """Forecast from every origin of the test rows."""
    answers = forecaster.cross_validation(
        df=series, n_windows=None, test_size=test_size, step_size=1, use_fitted=True
    )
    difference = answers["LSTM"] - answers["y"]
    return {"mse": float((difference**2).mean()), "mae": float(difference.abs().mean()),
            "origins": float(answers["cutoff"].nunique())}  # fmt: skip


def fit(seed: int, settings: dict[str, Any]) -> list[Point]:
    series = read(settings)
    before = series[series["ds"] < settings["test"]]
    limit = settings["seconds"] and timedelta(seconds=settings["seconds"])
    model = LSTM(
        h=settings["horizon"], random_seed=seed, callbacks=[Snapshots(settings["interval"])],
        logger=False, enable_progress_bar=False, enable_model_summary=False, max_time=limit,
    )  # fmt: skip
    forecaster = NeuralForecast(models=[model], freq=settings["frequency"])
    forecaster.fit(df=before)
    [fitted] = forecaster.models  # a copy, as is its callback
    callbacks = fitted.trainer_kwargs["callbacks"]  # Lightning adds its own
    [snapshots] = [callback for callback in callbacks if isinstance(callback, Snapshots)]
    for point, weights in zip(snapshots.points, snapshots.weights, strict=True):
        fitted.load_state_dict(weights)
        point |= errors(forecaster, series, len(series) - len(before))
    return snapshots.points


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(os.cpu_count() or 1)
    print(json.dumps(fit(int(sys.argv[1]), json.loads(sys.argv[2]))))
