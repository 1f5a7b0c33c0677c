"""The course of one training: best epoch, early stop, learning rate, and all it takes to resume.

Keras has callbacks for each of these, but theirs forget on a restart: EarlyStopping and
ReduceLROnPlateau begin anew, and BackupAndRestore leaves out the states of dropout's random
generators. One object that owns the whole state can save it in one file, atomically.
"""

import io
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from conveyor import files
from conveyor.config import Train
from conveyor.errors import InputError

log = logging.getLogger(__name__)

PLATEAU_FACTOR = 0.5
Row = dict[str, float]  # one epoch: loss, accuracy, the same of validation rows, learning_rate


class Diverged(InputError):
    """The loss is no longer a number."""


class Course(keras.callbacks.Callback):
    """Watches validation loss, keeps the best weights, stops in time, resumes where it was.

    Args:
        config: `patience`, `schedule` (here: plateau) and `epochs`.
        state: file that holds everything after each epoch; None keeps nothing.
        on_epoch: called with (epoch from 1, row) after each epoch, after the state is saved; and
            again for every earlier epoch where a fit goes on.

    Attributes:
        rows: every epoch so far, those before a restart included.
        best_epoch: from 1; 0 before the first.
    """

    def __init__(
        self, config: Train, state: Path | None, on_epoch: Callable[[int, Row], None]
    ) -> None:
        super().__init__()
        self.config, self.state, self.on_epoch = config, state, on_epoch
        self.rows: list[Row] = []
        self.best_epoch = 0
        self.best_weights: list[Any] = []
        self.quiet_since = 0  # the epoch from which plateau counts
        self._epoch = 0

    @property
    def done(self) -> int:
        """Epochs finished."""
        return len(self.rows)

    @property
    def best(self) -> Row:
        return self.rows[self.best_epoch - 1]

    @property
    def exhausted(self) -> bool:
        """No better epoch for `patience` epochs, or all epochs done."""
        return self.done >= self.config.epochs or (
            self.done > 0 and self.done - self.best_epoch >= self.config.patience
        )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise Diverged(
                f"the loss became {loss} in epoch {self._epoch + 1} at learning rate "
                f"{self._learning_rate():g}. Lower train.learning_rate, or set train.clip_norm."
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        logs = logs or {}
        row = {
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "val_loss": float(logs["val_log_loss"]),
            "val_accuracy": float(logs["val_accuracy"]),
            "val_macro_f1": float(logs["val_macro_f1"]),
            "learning_rate": self._learning_rate(),
        }
        if not math.isfinite(row["val_loss"]):
            raise Diverged(f"the validation loss became {row['val_loss']} in epoch {epoch + 1}")
        self.rows.append(row)
        if self.best_epoch == 0 or row["val_loss"] < self.best["val_loss"]:
            self.best_epoch = self.quiet_since = self.done
            self.best_weights = self.model.get_weights()
        self._lower_on_plateau()
        self.save()
        self.on_epoch(self.done, row)
        if self.exhausted:
            self.model.stop_training = True

    def restore_best(self) -> None:
        self.model.set_weights(self.best_weights)

    def save(self) -> None:
        if self.state is None:
            return
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {
            f"now_{i}": np.asarray(v) for i, v in enumerate(self._variables())
        }
        arrays |= {f"best_{i}": w for i, w in enumerate(self.best_weights)}
        table = np.array([list(row.values()) for row in self.rows])
        marks = np.array([self.best_epoch, self.quiet_since])
        names = np.array(list(self.rows[0]))
        np.savez(buffer, rows=table, names=names, marks=marks, **arrays)
        files.write_bytes(self.state, buffer.getvalue())

    def resume(self, model: keras.Model) -> None:
        """Put a built and compiled model, and this object, where the saved state was."""
        self.set_model(model)
        if self.state is None or not self.state.is_file():
            return
        with np.load(self.state, allow_pickle=False) as saved:
            for i, variable in enumerate(self._variables()):
                variable.assign(saved[f"now_{i}"])
            count = len(model.get_weights())
            self.best_weights = [saved[f"best_{i}"] for i in range(count)]
            names = [str(name) for name in saved["names"]]
            self.rows = [dict(zip(names, map(float, r), strict=True)) for r in saved["rows"]]
            self.best_epoch, self.quiet_since = map(int, saved["marks"])
        log.info("resuming after epoch %d", self.done)
        for epoch, row in enumerate(self.rows, start=1):
            self.on_epoch(epoch, row)

    def _variables(self) -> list[Any]:
        """Weights, the states of random generators, and the optimizer's slots and step."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def _learning_rate(self) -> float:
        return float(np.asarray(self.model.optimizer.learning_rate))

    def _lower_on_plateau(self) -> None:
        if self.config.schedule != "plateau":
            return
        if self.done - self.quiet_since >= max(1, self.config.patience // 2):
            self.model.optimizer.learning_rate = self._learning_rate() * PLATEAU_FACTOR
            self.quiet_since = self.done
