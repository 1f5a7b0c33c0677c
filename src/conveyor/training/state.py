"""The state of a fit: best epoch, early stopping, learning rate, and all that a resume needs.

Keras's callbacks for each of these forget on a restart: EarlyStopping and ReduceLROnPlateau start
again, and BackupAndRestore leaves out the states of dropout's random generators. One object that
owns the whole state can save it in one file, atomically.
"""

import io
import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from conveyor import files
from conveyor.config import Train
from conveyor.errors import InputError
from conveyor.tasks.options import TargetSpec, parse_spec

log = logging.getLogger(__name__)

PLATEAU_FACTOR = 0.5
# One epoch: loss and metrics of the training rows, those of the validation rows as val_<name>, and
# learning_rate.
EpochMetrics = dict[str, float]
OnEpoch = Callable[[int, EpochMetrics], None]


class Diverged(InputError):
    """The loss is not finite."""


class TrainingState:
    """Tracks validation loss, holds the best weights, decides when to stop, and saves and resumes.

    Args:
        train: `patience`, `schedule` (here: plateau) and `epochs`.
        path: file that holds the whole state after each epoch; None saves nothing.
        on_epoch: called with (epoch from 1, metrics) after each epoch, once the state is saved, and
            again for each earlier epoch when a fit resumes.

    Attributes:
        epochs: metrics of each epoch, including those before a restart.
        best_epoch: counted from 1; 0 before the first epoch ends.
        best_weights: the model's weights after the best epoch.
        best_target: the target with the decision that was chosen in the best epoch; a refit keeps
            it, since it leaves no rows to choose on.
        plateau_since: the epoch from which a plateau of the validation loss is counted.
    """

    def __init__(self, train: Train, path: Path | None, on_epoch: OnEpoch) -> None:
        self.train, self.path, self.on_epoch = train, path, on_epoch
        self.epochs: list[EpochMetrics] = []
        self.best_epoch = 0
        self.best_weights: list[Any] = []
        self.best_target: TargetSpec | None = None
        self.plateau_since = 0

    @property
    def best(self) -> EpochMetrics:
        """Metrics of the best epoch."""
        return self.epochs[self.best_epoch - 1]

    @property
    def best_metrics(self) -> EpochMetrics:
        """Metrics of the best epoch, without its learning rate."""
        return {name: value for name, value in self.best.items() if name != "learning_rate"}

    @property
    def should_stop(self) -> bool:
        """Whether `patience` epochs brought no better loss, or all epochs are done."""
        ended = len(self.epochs)
        out_of_patience = ended > 0 and ended - self.best_epoch >= self.train.patience
        return out_of_patience or ended >= self.train.epochs

    def record_epoch(self, model: keras.Model, row: EpochMetrics, target: TargetSpec) -> None:
        """Add one epoch with its metrics, save the state, and call `on_epoch`.

        Args:
            target: with the decision chosen in this epoch.

        Raises:
            Diverged: the validation loss is not finite.
        """
        epoch = len(self.epochs) + 1
        if not math.isfinite(row["val_loss"]):
            raise Diverged(f"the validation loss became {row['val_loss']} in epoch {epoch}")
        self.epochs.append(row)
        if self.best_epoch == 0 or row["val_loss"] < self.best["val_loss"]:
            self.best_epoch = self.plateau_since = epoch
            self.best_weights, self.best_target = model.get_weights(), target
        self._lower_rate_on_plateau(model)
        self.save(model)
        self.on_epoch(epoch, row)

    def save(self, model: keras.Model) -> None:
        """Write the state of this object and of the model to `path`, atomically."""
        if self.path is None:
            return
        arrays: dict[str, Any] = {
            f"variable_{i}": np.asarray(value) for i, value in enumerate(_variables(model))
        }
        arrays |= {f"best_weight_{i}": weight for i, weight in enumerate(self.best_weights)}
        arrays["metric_names"] = np.array(list(self.epochs[0]))  # (metrics,)
        arrays["metric_values"] = np.array([list(row.values()) for row in self.epochs])
        arrays["best_epoch"] = np.array(self.best_epoch)
        arrays["plateau_since"] = np.array(self.plateau_since)
        if self.best_target is not None:
            arrays["best_target"] = np.array(self.best_target.model_dump_json())
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        files.write_bytes(self.path, buffer.getvalue())

    def resume(self, model: keras.Model) -> None:
        """Load the saved state, if there is one, into this object and a compiled model, and call
        `on_epoch` for each epoch of it."""
        if self.path is None or not self.path.is_file():
            return
        with np.load(self.path, allow_pickle=False) as saved:
            for i, variable in enumerate(_variables(model)):
                variable.assign(saved[f"variable_{i}"])
            count = len(model.get_weights())
            self.best_weights = [saved[f"best_weight_{i}"] for i in range(count)]
            names, values = saved["metric_names"].tolist(), saved["metric_values"].tolist()
            self.epochs = [dict(zip(names, row, strict=True)) for row in values]
            self.best_epoch = int(saved["best_epoch"])
            self.plateau_since = int(saved["plateau_since"])
            self.best_target = parse_spec(json.loads(str(saved["best_target"])))
        log.info("resuming after epoch %d", len(self.epochs))
        for epoch, row in enumerate(self.epochs, start=1):
            self.on_epoch(epoch, row)

    def _lower_rate_on_plateau(self, model: keras.Model) -> None:
        waited = len(self.epochs) - self.plateau_since
        if self.train.schedule == "plateau" and waited >= max(1, self.train.patience // 2):
            model.optimizer.learning_rate = learning_rate(model) * PLATEAU_FACTOR
            self.plateau_since = len(self.epochs)


def learning_rate(model: keras.Model) -> float:
    """Return the learning rate of the next step."""
    return float(np.asarray(model.optimizer.learning_rate))


def _variables(model: keras.Model) -> list[Any]:
    """Weights, states of random generators, and the optimizer's slots and step count."""
    return [*model.variables, *model.optimizer.variables]
