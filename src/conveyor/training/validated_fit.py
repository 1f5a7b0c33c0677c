"""Fit on training rows, and choose the best weights on validation rows."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from conveyor.config import FitConfig, Train
from conveyor.config.budget import has_few_rows, plan_budget, rows_outside_fold
from conveyor.data.store import Prepared
from conveyor.durations import format_duration
from conveyor.extensions import make_row
from conveyor.metrics.resampling import assign_folds
from conveyor.progress import progress_bar
from conveyor.training.batches import BatchReader
from conveyor.training.compile import new_model
from conveyor.training.history import FitHistory, Metrics, smoothing_window
from conveyor.training.layer_statistics import LayerStatistics, choose_inputs
from conveyor.training.progress import advance
from conveyor.training.state import OnValidation, TrainingState, learning_rate
from conveyor.training.trainer import Pace, Trainer

log = logging.getLogger(__name__)

Fold = tuple[int, int]  # index and count of a cross-validation
Callback = Callable[[keras.Model, Metrics], None]  # called with the row of each validation


@dataclass(frozen=True)
class FitRows:
    """The rows of one fit.

    Attributes:
        training: rows that it trains on.
        validation: rows on which it is validated.
        fold: None for the prepared splits.
    """

    training: BatchReader
    validation: BatchReader
    fold: Fold | None


def choose_rows(prepared: Prepared, fold: Fold | None, seed: int) -> FitRows:
    """Return the prepared splits, or one fold of a stratified cross-validation.

    Args:
        fold: training and validation rows are pooled, this fold of them validates and the others
            train. None keeps the prepared splits.
    """
    train, validation = prepared.split("train"), prepared.split("validation")
    if fold is None:
        return FitRows(BatchReader([train]), BatchReader([validation]), fold)
    index, count = fold
    pooled = BatchReader([train, validation])
    strata = prepared.task.comparison.strata(pooled.targets)
    inside = assign_folds(strata, count, seed) == index  # (rows,)
    return FitRows(pooled.subset(~inside), pooled.subset(inside), fold)


def start_state(
    config: FitConfig,
    prepared: Prepared,
    rows: FitRows,
    *,
    path: Path | None = None,
    on_validation: OnValidation = lambda number, metrics: None,
    keep_outputs: bool = False,
) -> TrainingState:
    """Return the state of a fit that has not begun, with its budget; see `TrainingState`."""
    trained, validated = len(rows.training.targets), len(rows.validation.targets)
    planned = trained
    if rows.fold is not None:  # so that the folds are validated at the same updates
        _, count = rows.fold
        planned = rows_outside_fold(trained + validated, count)
    budget = replace(plan_budget(config.train, planned), rows=trained)
    units = prepared.task.comparison.units(np.asarray(rows.validation.targets))
    independent = validated if units is None else len(np.unique(units))
    history = FitHistory(prepared.task.metrics, smoothing_window(independent))
    return TrainingState(
        config.train, budget, history, path, on_validation, keep_outputs=keep_outputs
    )


def fit_best(
    config: FitConfig,
    prepared: Prepared,
    rows: FitRows,
    state: TrainingState,
    *,
    metrics: Sequence[str] = (),
    on_built: Callable[[keras.Model], None] = lambda model: None,
    report_pace: Pace = lambda seconds, updates: None,
    look_inside: bool = False,
    progress: bool = True,
) -> keras.Model:
    """Train until `state` says to stop, and return the model with the best validation's weights.

    Args:
        state: of `start_state`; resumes the fit where it has a saved state, and records each
            validation.
        metrics: metrics of the validation rows beside their loss and the task's own.
        on_built: called with the model before it is trained.
        report_pace: called once; see `Trainer`.
        look_inside: record norms of gradients and `LayerStatistics` at each validation too.
        progress: show a progress bar, and say how long the fit may take.

    Raises:
        Diverged: the loss is not finite.
    """
    task, budget = prepared.task, state.budget
    head = task.head(config.head)
    model = new_model(config, prepared, head, budget.updates)
    on_built(model)
    log.info("%s", budget)
    state.resume(model)
    few_rows = has_few_rows(len(rows.training.targets) + len(rows.validation.targets))
    index, count = rows.fold or (0, 1)

    def estimate(seconds: float, updates: int) -> None:
        report_pace(seconds, updates)
        if progress and index == 0:
            left = seconds * ((count + config.train.refit) * budget.updates - updates)
            _log_time_left(left, count - 1, refit=config.train.refit)

    trainer = Trainer(model, head, config, budget, rows.training, few_rows=few_rows,
                      report_pace=estimate, look_inside=look_inside)  # fmt: skip
    statistics = LayerStatistics(model, choose_inputs(rows.training, head)) if look_inside else None
    names = tuple(dict.fromkeys((*task.metrics.validation, task.metrics.headline, *metrics)))
    done = state.history.validations
    title = f"fold {index + 1} of {count}" if rows.fold else "fit"
    started = budget.end_of(len(done))
    callbacks = _make_callbacks(config.train)
    with progress_bar(title, "update", budget.updates, initial=started, show=progress) as bar:
        while not state.should_stop:
            first, last = budget.end_of(len(done)), budget.end_of(len(done) + 1)
            row = trainer.train(first, last)
            batches = rows.validation.by_length(budget.batch_size)
            validation = trainer.steps.validate(batches, names)
            row |= {f"val_{name}": value for name, value in validation.scores.items()}
            row |= {"learning_rate": learning_rate(model)}
            if statistics is not None:
                row |= {**trainer.gradient_norms, **statistics.measure()}
            state.record(model, row, validation.target, validation.outputs)
            for callback in callbacks:
                callback(model, row)
            advance(bar, row, last - first)
    model.set_weights(state.best_weights)
    return model


def _make_callbacks(train: Train) -> list[Callback]:
    """Make the project's own callbacks that `train.callbacks` asks for."""
    return [
        make_row("CALLBACKS", name, options)
        for name, options in train.callbacks.items()
        if options is not None
    ]


def _log_time_left(seconds: float, folds: int, *, refit: bool) -> None:
    """Say how long a fit may take, with the folds and the refit that follow it."""
    following = [f"{folds} more folds"] * (folds > 0) + ["the refit"] * refit
    including = f", including {' and '.join(following)}" if following else ""
    log.info("about %s left%s", format_duration(seconds), including)
