"""Fit one configuration on prepared data."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

import keras
from tqdm import tqdm

from conveyor.config import FitConfig
from conveyor.data.store import Prepared
from conveyor.tasks.facets import Head
from conveyor.training.batches import BatchReader, assign_folds
from conveyor.training.compile import new_model
from conveyor.training.state import Diverged, EpochMetrics, OnEpoch, TrainingState, learning_rate
from conveyor.training.steps import Steps

log = logging.getLogger(__name__)

STATE_FILE = "training_state.npz"


def fit(
    config: FitConfig,
    prepared: Prepared,
    *,
    on_epoch: OnEpoch = lambda epoch, row: None,
    scratch: Path | None = None,
    progress: bool = True,
) -> tuple[keras.Model, TrainingState]:
    """Train as `train` says: until validation loss stops falling, then again if `train.refit`.

    A refit trains a new model from the same seed on training and validation rows together, for the
    number of epochs that was best before: a small data set gains more from these rows in training
    than it needs them for validation. Test rows are never read.

    Args:
        on_epoch: called with (epoch from 1, metrics) after each epoch that is validated, and for
            the earlier epochs of a fit that resumes.
        scratch: folder of the state from which a killed fit resumes after its last epoch, to the
            same weights; None saves no state.
        progress: show a progress bar if stderr is a terminal.

    Returns:
        The model with the weights of the best epoch or, after a refit, those of the fit on all
        rows; and the metrics of each validated epoch.

    Raises:
        Diverged: the loss is not finite.
    """
    began = time.monotonic()
    state = TrainingState(config.train, scratch and scratch / STATE_FILE, on_epoch)
    model = fit_best_epoch(config, prepared, state, progress=progress)
    if config.train.refit:
        model = refit(config, prepared, epochs=state.best_epoch, progress=progress)
    log.info("fitted in %.1f s", time.monotonic() - began)
    return model, state


def fit_best_epoch(
    config: FitConfig,
    prepared: Prepared,
    state: TrainingState,
    *,
    fold: tuple[int, int] | None = None,
    metrics: Sequence[str] = (),
    on_built: Callable[[keras.Model], None] = lambda model: None,
    progress: bool = True,
) -> keras.Model:
    """Train until `state` says to stop, and return the model with the best epoch's weights.

    Args:
        state: resumes the fit where it has a saved state, and records each epoch.
        fold: (index, count) of a cross-validation: training and validation rows are pooled, this
            fold of them validates and the others train. None keeps the prepared splits.
        metrics: metrics of the validation rows beside their loss and the task's own.
        on_built: called with the model before it is trained.

    Raises:
        Diverged: the loss is not finite.
    """
    training, validation = _training_and_validation(prepared, fold, config.seed)
    task = prepared.task
    head = task.head(config.head)
    model = new_model(config, prepared, head, len(training.targets))
    on_built(model)
    state.resume(model)
    trainer = EpochTrainer(model, head, config, training)
    names = tuple(dict.fromkeys((*task.metrics.validation, *metrics)))
    with _progress_bar(config.train.epochs, len(state.epochs), show=progress) as bar:
        while not state.should_stop:
            row = trainer.train(len(state.epochs))
            batches = validation.by_length(config.train.batch_size)
            scores, target = trainer.steps.validate(batches, names)
            row |= {f"val_{name}": value for name, value in scores.items()}
            state.record_epoch(model, row | {"learning_rate": learning_rate(model)}, target)
            _advance(bar, row)
    model.set_weights(state.best_weights)
    return model


def refit(config: FitConfig, prepared: Prepared, *, epochs: int, progress: bool) -> keras.Model:
    """Train a new model on training and validation rows together, for a number of epochs."""
    rows = BatchReader([prepared.split("train"), prepared.split("validation")])
    log.info("refit on %d rows, those of training and validation", len(rows.targets))
    head = prepared.task.head(config.head)
    model = new_model(config, prepared, head, len(rows.targets))
    trainer = EpochTrainer(model, head, config, rows)
    with _progress_bar(epochs, 0, show=progress) as bar:
        for epoch in range(epochs):
            _advance(bar, trainer.train(epoch))
    return model


class EpochTrainer:
    """Trains a compiled model on all training rows, epoch by epoch."""

    def __init__(
        self, model: keras.Model, head: Head, config: FitConfig, rows: BatchReader
    ) -> None:
        self.model, self.head, self.config, self.rows = model, head, config, rows
        head.set_weights(rows.targets)
        self.steps = Steps(model, head, rows.targets)

    def train(self, epoch: int) -> EpochMetrics:
        """Run one epoch, counted from 0.

        Returns:
            `loss` and the head's score of the training rows while the weights change.

        Raises:
            Diverged: the loss of a batch is not finite.
        """
        train, seed = self.config.train, self.config.seed
        rate = learning_rate(self.model)
        total, score = 0.0, 0.0
        for batch in self.rows.shuffled(train.batch_size, train.bucket_batches, seed, epoch):
            loss, score_of_batch = self.steps.train(batch)
            if not math.isfinite(loss):
                raise Diverged(
                    f"the loss became {loss} in epoch {epoch + 1} at learning rate {rate:g}. "
                    "Lower train.learning_rate, or set train.clip_norm."
                )
            total, score = total + loss, score + score_of_batch
        count = len(self.rows.targets)
        return {"loss": total / count, self.head.score_name: score / count}


def _training_and_validation(
    prepared: Prepared, fold: tuple[int, int] | None, seed: int
) -> tuple[BatchReader, BatchReader]:
    train, validation = prepared.split("train"), prepared.split("validation")
    if fold is None:
        return BatchReader([train]), BatchReader([validation])
    index, count = fold
    pooled = BatchReader([train, validation])
    strata = prepared.task.comparison.strata(pooled.targets)
    inside = assign_folds(strata, count, seed) == index  # (rows,)
    return pooled.subset(~inside), pooled.subset(inside)


def _progress_bar(total: int, initial: int, *, show: bool) -> Any:
    # A lock of this process: tqdm's default is a semaphore of the machine, which a killed trial
    # would leave behind.
    tqdm.set_lock(RLock())
    return tqdm(unit="epoch", total=total, initial=initial, disable=None if show else True)


def _advance(bar: Any, row: EpochMetrics) -> None:
    bar.set_postfix({name: f"{value:.4f}" for name, value in row.items() if name.endswith("loss")})
    bar.update()
