"""Fit one configuration on prepared data."""

import logging
import time
from pathlib import Path

import keras

from conveyor import files
from conveyor.config import FitConfig
from conveyor.config.budget import count_folds, has_few_rows, plan_budget
from conveyor.data.store import Prepared
from conveyor.metrics.layers import is_within
from conveyor.progress import progress_bar
from conveyor.training.batches import BatchReader
from conveyor.training.compile import new_model
from conveyor.training.folds import cross_validate
from conveyor.training.history import FitHistory
from conveyor.training.initial_weights import OnBuilt
from conveyor.training.progress import advance
from conveyor.training.state import OnValidation
from conveyor.training.trainer import Trainer
from conveyor.training.validated_fit import choose_rows, fit_best, start_state

log = logging.getLogger(__name__)

STATE_FILE = "training_state.npz"  # beside those of folds


def fit(
    config: FitConfig,
    prepared: Prepared,
    *,
    on_validation: OnValidation = lambda number, metrics: None,
    scratch: Path | None = None,
    on_built: OnBuilt = lambda model: None,
    progress: bool = True,
) -> tuple[keras.Model, FitHistory]:
    """Train as `train` says; choose the number of updates by validation; refit if `train.refit`.

    A refit trains a new model from the same seed on training and validation rows together, for the
    number of updates that was best before: a small data set gains more from these rows in training
    than it needs them for validation. Where rows are few (`train.folds`), that number comes from a
    cross-validation over them. Test rows are never read.

    Args:
        on_validation: called with (validation from 1, metrics) after each, and for the earlier ones
            of a fit that resumes.
        scratch: folder of the state from which a killed fit resumes after its last validation, to
            the same weights; None saves no state.
        on_built: called with each new model before it is trained, to set its first weights.
        progress: show a progress bar if stderr is a terminal.

    Returns:
        The model with the weights of the best validation or, after a refit, those of the fit on all
        rows; and the metrics of each validation.

    Raises:
        Diverged: the loss is not finite.
    """
    began = time.monotonic()
    meta = prepared.meta
    folds = count_folds(config.train, meta.counts["train"] + meta.counts["validation"])
    if folds:
        history = cross_validate(config, prepared, folds, scratch, on_built, progress=progress)
        for number, metrics in enumerate(history.validations, start=1):
            on_validation(number, metrics)
        model = refit(config, prepared, history.best_update, on_built, progress=progress)
    else:
        rows = choose_rows(prepared, None, config.seed)
        path = scratch and scratch / STATE_FILE
        state = start_state(config, prepared, rows, path=path, on_validation=on_validation)
        model = fit_best(
            config, prepared, rows, state, on_built=on_built, look_inside=True, progress=progress
        )
        history = state.history
        if config.train.refit:
            model = refit(config, prepared, history.best_update, on_built, progress=progress)
    best = ", ".join(
        f"{name} {value:.4g}" for name, value in history.best.items() if not is_within(name)
    )
    log.info("fitted in %.1f s; best validation: %s", time.monotonic() - began, best)
    return model, history


def name_fit(config: FitConfig, data_digest: str, origin: str | None) -> str:
    """Name the folder of a fit's state after all that decides on its weights, so that a killed fit
    is resumed by an equal one only.

    Args:
        origin: digest of the model whose weights it begins with; None if they are random.
    """
    return files.digest_value([config.model_dump(mode="json"), data_digest, origin])[:16]


def refit(
    config: FitConfig, prepared: Prepared, updates: int, on_built: OnBuilt, *, progress: bool
) -> keras.Model:
    """Train a new model on training and validation rows together, for a number of updates.

    Its schedule is that of the fit that chose the number.
    """
    rows = BatchReader([prepared.split("train"), prepared.split("validation")])
    count = len(rows.targets)
    log.info("refit on %d rows, those of training and validation: %d updates", count, updates)
    head, budget = prepared.task.head(config.head), plan_budget(config.train, count)
    scheduled = plan_budget(config.train, prepared.meta.counts["train"]).updates
    model = new_model(config, prepared, head, max(updates, scheduled))
    on_built(model)
    trainer = Trainer(model, head, config, budget, rows, few_rows=has_few_rows(count))
    with progress_bar("refit", "update", updates, show=progress) as bar:
        done = 0
        while done < updates:
            last = min(updates, done + budget.validate_every)
            advance(bar, trainer.train(done, last), last - done)
            done = last
    return model
