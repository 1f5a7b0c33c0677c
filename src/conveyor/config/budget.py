"""How long a fit runs: its updates, batches, validations and folds, from `train` and the rows.

Weights learn by updates, not by epochs: 36 rows in batches of 32 are two updates an epoch, ten
million rows are hundreds of thousands. So `auto` counts updates.
"""

import math
from dataclasses import dataclass

from conveyor.config.sections import Train
from conveyor.config.sweep import Sweep

# A training set of at least so many rows has batches of this size.
BATCH_SIZES = ((1_000_000, 256), (100_000, 128), (10_000, 64), (1_000, 32), (0, 16))
# `updates: auto`: ten epochs, but at least the first number, and at most the second one if that
# shows each row once.
AUTO_EPOCHS, FEWEST_UPDATES, MOST_UPDATES = 10, 600, 10_000
# Validations in a fit: about the first number where epochs are short, each after whole epochs, and
# otherwise one after each epoch; a long epoch has several, so that there are about the second
# number, with at least so many updates between them.
MOST_VALIDATIONS, FEWEST_VALIDATIONS, FEWEST_BETWEEN = 30, 10, 100
# Training and validation rows together, below which one split says little about a setting: `folds:
# auto` is a cross-validation, `sweep.enabled: auto` is no search, and `head.label_smoothing: auto`
# smooths.
FEW_ROWS, AUTO_FOLDS = 200, 3
# `sweep.trials: auto`: with at least so many of these rows, where one fit is long, fewer trials.
TRIALS = ((1_000_000, 4), (100_000, 6), (0, 10))


@dataclass(frozen=True)
class Budget:
    """The numbers of one fit.

    Attributes:
        rows: that are trained on.
        batch_size: rows of one update.
        updates: of the weights, in the whole fit; a learning rate schedule ends with them.
        validate_every: updates between two validations.
        patience: updates without a better validation loss before the fit stops; None: it never
            stops early.
    """

    rows: int
    batch_size: int
    updates: int
    validate_every: int
    patience: int | None

    @property
    def updates_per_epoch(self) -> int:
        return math.ceil(self.rows / self.batch_size)

    @property
    def validations(self) -> int:
        """How often the validation rows are read, if the fit does not stop early."""
        return math.ceil(self.updates / self.validate_every)

    def end_of(self, validation: int) -> int:
        """Return the update before the validation of this number, from 1."""
        return min(self.updates, validation * self.validate_every)

    def __str__(self) -> str:
        epochs = self.updates / self.updates_per_epoch
        return (
            f"{self.updates:,} updates of {self.batch_size} rows, which are {epochs:.3g} epochs of "
            f"{self.rows:,} rows; validated every {self.validate_every:,} updates"
        )


def plan_budget(train: Train, rows: int) -> Budget:
    """Resolve every `auto`, and apply `epochs` and `patience` as upper limits.

    Args:
        rows: that are trained on.
    """
    batch_size = train.batch_size
    if batch_size == "auto":
        batch_size = next(size for fewest, size in BATCH_SIZES if rows >= fewest)
    per_epoch = math.ceil(rows / batch_size)
    updates = train.updates
    if updates == "auto":
        most = max(MOST_UPDATES, per_epoch)
        updates = min(max(FEWEST_UPDATES, AUTO_EPOCHS * per_epoch), most)
    if train.epochs is not None:
        updates = min(updates, train.epochs * per_epoch)
    patience = [train.patience_updates, train.patience and train.patience * per_epoch]
    interval = train.validate_every
    if interval == "auto":
        interval = _auto_interval(updates, per_epoch)
    return Budget(rows, batch_size, updates, interval, min(filter(None, patience), default=None))


def _auto_interval(updates: int, per_epoch: int) -> int:
    if per_epoch * MOST_VALIDATIONS <= updates:
        return updates // MOST_VALIDATIONS // per_epoch * per_epoch
    parts = min(per_epoch // FEWEST_BETWEEN, round(per_epoch * FEWEST_VALIDATIONS / updates))
    return math.ceil(per_epoch / max(1, parts))


def has_few_rows(rows: int) -> bool:
    """Return whether `auto` chooses what suits few rows.

    Args:
        rows: of training and validation together.
    """
    return rows < FEW_ROWS


def count_folds(train: Train, rows: int) -> int:
    """Return the folds of the cross-validation that chooses the number of updates; 0 for none.

    Args:
        rows: of training and validation together.
    """
    if train.folds == "auto":
        return AUTO_FOLDS if has_few_rows(rows) and train.refit else 0
    return train.folds or 0


def count_trials(sweep: Sweep, rows: int) -> int:
    """Return the trials of a search.

    Args:
        rows: of training and validation together.
    """
    if sweep.trials == "auto":
        return next(trials for fewest, trials in TRIALS if rows >= fewest)
    return sweep.trials


def rows_outside_fold(rows: int, folds: int) -> int:
    """Return the rows for which a fit of a cross-validation is planned, the same in each fold."""
    return rows * (folds - 1) // folds
