"""The state of a fit: best weights, early stopping, learning rate, and all that a resume needs.

Keras's callbacks for each of these forget on a restart: EarlyStopping and ReduceLROnPlateau start
again, and BackupAndRestore leaves out the states of dropout's random generators. One object that
owns the whole state can save it in one file, atomically.
"""

import io
import json
import logging
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config import Train
from conveyor.config.budget import Budget
from conveyor.errors import InputError
from conveyor.metrics import Outputs
from conveyor.metrics.steps import count_steps, has_steps, join_steps, split_steps
from conveyor.tasks.options import TargetSpec, parse_spec
from conveyor.training.fit_environment import fit_environment
from conveyor.training.history import FitHistory, Metrics

log = logging.getLogger(__name__)

PLATEAU_FACTOR = 0.5
PLATEAU_VALIDATIONS = 5  # without a better one, where there is no patience
OnValidation = Callable[[int, Metrics], None]


class Diverged(InputError):
    """The loss is not finite."""


class TrainingState:
    """Tracks validation loss, holds the best weights, decides when to stop, and saves and resumes.

    Args:
        train: `schedule` (here: plateau).
        budget: how long the fit runs.
        history: of no validation yet.
        path: file that holds the whole state after each validation; None saves nothing.
        on_validation: called with (validation from 1, metrics) after each, once the state is saved,
            and again for each earlier one when a fit resumes.
        keep_outputs: keep the outputs of each validation, as a cross-validation needs them.

    Attributes:
        history: what was measured.
        outputs: of the validation rows at each validation, (rows, width); empty unless they are
            kept.
        best_weights: the model's weights at the best validation.
        plateau_since: the validation from which a plateau of the validation loss is counted.
    """

    def __init__(
        self,
        train: Train,
        budget: Budget,
        history: FitHistory,
        path: Path | None = None,
        on_validation: OnValidation = lambda number, metrics: None,
        *,
        keep_outputs: bool = False,
    ) -> None:
        self.train, self.budget, self.path = train, budget, path
        self.on_validation, self.keep_outputs = on_validation, keep_outputs
        self.history = history
        self.outputs: list[Outputs] = []
        self.best_weights: list[Any] = []
        self.plateau_since = 0

    @property
    def should_stop(self) -> bool:
        """Whether `patience` updates brought no better validation, or all updates are done."""
        history, patience = self.history, self.budget.patience
        if not history.validations:
            return False
        updates = history.validations[-1]["update"]
        out_of_patience = patience is not None and updates - history.best_update >= patience
        return out_of_patience or updates >= self.budget.updates

    def record(
        self, model: keras.Model, row: Metrics, target: TargetSpec, outputs: Outputs
    ) -> None:
        """Add one validation with its metrics, save the state, and call `on_validation`.

        Args:
            target: with the decision chosen at this validation.
            outputs: of the validation rows, (rows, width).

        Raises:
            Diverged: the validation loss is not finite.
        """
        history, number = self.history, len(self.history.validations) + 1
        if not math.isfinite(row["val_loss"]):
            raise Diverged(
                f"the validation loss became {row['val_loss']} after {row['update']:.0f} updates"
            )
        history.validations.append(row)
        if self.keep_outputs:
            self.outputs.append(outputs)
        if history.find_best() == number:
            history.best_validation = self.plateau_since = number
            self.best_weights, history.best_target = model.get_weights(), target
        self._lower_rate_on_plateau(model)
        self.save(model)
        self.on_validation(number, row)

    def save(self, model: keras.Model) -> None:
        """Write the state of this object and of the model to `path`, atomically."""
        if self.path is None:
            return
        history = self.history
        arrays: dict[str, Any] = {
            f"variable_{i}": np.asarray(value) for i, value in enumerate(_variables(model))
        }
        arrays |= {f"best_weight_{i}": weight for i, weight in enumerate(self.best_weights)}
        arrays["environment"] = np.array(fit_environment())
        arrays["metric_names"] = np.array(list(history.validations[0]))  # (metrics,)
        arrays["metric_values"] = np.array([list(row.values()) for row in history.validations])
        arrays |= _pack_outputs(self.outputs)
        arrays["best_validation"] = np.array(history.best_validation)
        arrays["plateau_since"] = np.array(self.plateau_since)
        if history.best_target is not None:
            arrays["best_target"] = np.array(history.best_target.model_dump_json())
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        # Waiting for the disk would cost some milliseconds at each validation. Of what a power
        # failure leaves, `resume` reads what is whole.
        files.write_bytes(self.path, buffer.getvalue(), sync=False)

    def resume(self, model: keras.Model) -> None:
        """Load the saved state, if there is one, into this object and a compiled model, and call
        `on_validation` for each validation of it.

        A state of another environment (see `fit_environment`) is left alone: the weights would be
        those of no uninterrupted fit. So is one that a power failure has damaged.
        """
        if self.path is None or not self.path.is_file():
            return
        history = self.history
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                saved = dict(archive)
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s is not resumed, but begun anew: it is damaged (%s)", self.path, error)
            return
        earlier, now = str(saved.get("environment", "unknown")), fit_environment()
        if earlier != now:
            log.warning("%s is not resumed, but begun anew: it is of %s; this is %s",
                        self.path, earlier, now)  # fmt: skip
            return
        for i, variable in enumerate(_variables(model)):
            variable.assign(saved[f"variable_{i}"])
        count = len(model.get_weights())
        self.best_weights = [saved[f"best_weight_{i}"] for i in range(count)]
        names, values = saved["metric_names"].tolist(), saved["metric_values"].tolist()
        history.validations = [dict(zip(names, row, strict=True)) for row in values]
        history.best_validation = int(saved["best_validation"])
        history.best_target = parse_spec(json.loads(str(saved["best_target"])))
        self.outputs = _unpack_outputs(saved)
        self.plateau_since = int(saved["plateau_since"])
        log.info("resuming after %d updates", history.validations[-1]["update"])
        for number, row in enumerate(history.validations, start=1):
            self.on_validation(number, row)

    def _lower_rate_on_plateau(self, model: keras.Model) -> None:
        if self.train.schedule != "plateau":
            return
        patience, number = self.budget.patience, len(self.history.validations)
        longest = PLATEAU_VALIDATIONS
        if patience is not None:
            longest = max(1, patience // 2 // self.budget.validate_every)
        if number - self.plateau_since >= longest:
            model.optimizer.learning_rate = learning_rate(model) * PLATEAU_FACTOR
            self.plateau_since = number


def learning_rate(model: keras.Model) -> float:
    """Return the learning rate of the next update."""
    return float(np.asarray(model.optimizer.learning_rate))


def _pack_outputs(outputs: Sequence[Outputs]) -> dict[str, NDArray[Any]]:
    """Return the outputs of all validations as arrays without objects."""
    if not outputs or not has_steps(outputs[0]):
        return {"outputs": np.array(outputs)}  # (validations, rows, width)
    # (validations, all steps, width); all have the same rows
    return {
        "outputs": np.array([join_steps(rows) for rows in outputs]),
        "output_steps": count_steps(outputs[0]),
    }


def _unpack_outputs(saved: Mapping[str, NDArray[Any]]) -> list[Outputs]:
    outputs = list(saved["outputs"])
    if "output_steps" not in saved:
        return outputs
    return [split_steps(values, saved["output_steps"]) for values in outputs]


def _variables(model: keras.Model) -> list[Any]:
    """Weights, states of random generators, and the optimizer's slots and step count."""
    return [*model.variables, *model.optimizer.variables]
