"""The course of one training: best epoch, early stop, learning rate, and all it takes to resume.

Keras's callbacks for each of these forget on a restart: EarlyStopping and ReduceLROnPlateau begin
anew, and BackupAndRestore leaves out the states of dropout's random generators. One object that
owns the whole state can save it in one file, atomically.
"""

import io
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

log = logging.getLogger(__name__)

PLATEAU_FACTOR = 0.5
EpochMetrics = dict[
    str, float
]  # one epoch: loss, accuracy, the same of validation rows, learning_rate


class Diverged(InputError):
    """The loss is no longer a number."""


class TrainingState:
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
        self, config: Train, state: Path | None, on_epoch: Callable[[int, EpochMetrics], None]
    ) -> None:
        self.config, self.state, self.on_epoch = config, state, on_epoch
        self.rows: list[EpochMetrics] = []
        self.best_epoch = 0
        self.best_weights: list[Any] = []
        self.quiet_since = 0  # the epoch from which plateau counts

    @property
    def done(self) -> int:
        """Epochs finished."""
        return len(self.rows)

    @property
    def best(self) -> EpochMetrics:
        return self.rows[self.best_epoch - 1]

    @property
    def exhausted(self) -> bool:
        """No better epoch for `patience` epochs, or all epochs done."""
        return self.done >= self.config.epochs or (
            self.done > 0 and self.done - self.best_epoch >= self.config.patience
        )

    def finished(self, model: keras.Model, row: EpochMetrics) -> None:
        """One more epoch, with these figures of it.

        Raises:
            Diverged: the validation loss is no longer a number.
        """
        if not math.isfinite(row["val_loss"]):
            raise Diverged(f"the validation loss became {row['val_loss']} in epoch {self.done + 1}")
        self.rows.append(row)
        if self.best_epoch == 0 or row["val_loss"] < self.best["val_loss"]:
            self.best_epoch = self.quiet_since = self.done
            self.best_weights = model.get_weights()
        self._lower_on_plateau(model)
        self.save(model)
        self.on_epoch(self.done, row)

    def save(self, model: keras.Model) -> None:
        if self.state is None:
            return
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {f"now_{i}": np.asarray(v) for i, v in enumerate(_state_of(model))}
        arrays |= {f"best_{i}": w for i, w in enumerate(self.best_weights)}
        table = np.array([list(row.values()) for row in self.rows])
        marks = np.array([self.best_epoch, self.quiet_since])
        names = np.array(list(self.rows[0]))
        np.savez(buffer, rows=table, names=names, marks=marks, **arrays)
        files.write_bytes(self.state, buffer.getvalue())

    def resume(self, model: keras.Model) -> None:
        """Put a built and compiled model, and this object, where the saved state was."""
        if self.state is None or not self.state.is_file():
            return
        with np.load(self.state, allow_pickle=False) as saved:
            for i, variable in enumerate(_state_of(model)):
                variable.assign(saved[f"now_{i}"])
            count = len(model.get_weights())
            self.best_weights = [saved[f"best_{i}"] for i in range(count)]
            names = [str(name) for name in saved["names"]]
            self.rows = [dict(zip(names, map(float, r), strict=True)) for r in saved["rows"]]
            self.best_epoch, self.quiet_since = map(int, saved["marks"])
        log.info("resuming after epoch %d", self.done)
        for epoch, row in enumerate(self.rows, start=1):
            self.on_epoch(epoch, row)

    def _lower_on_plateau(self, model: keras.Model) -> None:
        if self.config.schedule != "plateau":
            return
        if self.done - self.quiet_since >= max(1, self.config.patience // 2):
            model.optimizer.learning_rate = learning_rate(model) * PLATEAU_FACTOR
            self.quiet_since = self.done


def learning_rate(model: keras.Model) -> float:
    """Of the next step."""
    return float(np.asarray(model.optimizer.learning_rate))


def _state_of(model: keras.Model) -> list[Any]:
    """Weights, the states of random generators, and the optimizer's slots and step."""
    return [*model.variables, *model.optimizer.variables]
