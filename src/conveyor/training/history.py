"""What a fit has measured: the metrics of each validation, and which of them was the best."""

from dataclasses import dataclass, field

import numpy as np

from conveyor.tasks.options import TargetSpec

# Of one validation: `update` and `epoch` (how often weights were updated and rows were shown until
# then), loss and score of the training rows since the validation before, metrics of the validation
# rows as val_<name>, and learning_rate.
Metrics = dict[str, float]
# Kept out of a model's metrics: they tell where the fit was, not how good it was.
POSITIONS = ("update", "epoch", "learning_rate")
SMOOTHED = 5  # validations whose losses are averaged where validation rows are few
FEW_ROWS = 500  # validation rows


@dataclass
class History:
    """The validations of one fit.

    Attributes:
        validations: metrics of each, including those before a restart.
        best_validation: counted from 1; 0 before the first.
        best_target: the target with the decision that was chosen at the best validation; a refit
            keeps it, since it leaves no rows to choose on.
    """

    validations: list[Metrics] = field(default_factory=list)
    best_validation: int = 0
    best_target: TargetSpec | None = None

    @property
    def best(self) -> Metrics:
        """Metrics of the best validation."""
        return self.validations[self.best_validation - 1]

    @property
    def best_metrics(self) -> Metrics:
        """Metrics of the best validation, without where it was."""
        return {name: value for name, value in self.best.items() if name not in POSITIONS}

    @property
    def best_update(self) -> int:
        """Updates of the weights until the best validation."""
        return int(self.best["update"])

    def smoothed_loss(self, validation: int, window: int) -> float:
        """Return the mean validation loss of the last `window` validations up to this one, from 1.

        Few rows make a noisy curve, whose lowest point is luck.
        """
        losses = [row["val_loss"] for row in self.validations[:validation]]
        return float(np.mean(losses[-window:]))


def smoothing_window(rows: int) -> int:
    """Return how many validations of so many rows are averaged."""
    return SMOOTHED if rows < FEW_ROWS else 1
