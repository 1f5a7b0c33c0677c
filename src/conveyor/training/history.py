"""What a fit has measured: the metrics of each validation, and which of them was the best."""

import math
from dataclasses import dataclass, field

import numpy as np

from conveyor.metrics import MetricTable
from conveyor.metrics.layers import is_within
from conveyor.tasks.options import TargetSpec

# Of one validation: `update` and `epoch` (how often weights were updated and rows were shown until
# then), loss and score of the training rows since the validation before, metrics of the validation
# rows as val_<name>, learning_rate, and those of `metrics.layers` where they are measured.
Metrics = dict[str, float]
# Kept out of a model's metrics: they tell where the fit was, not how good it was.
POSITIONS = ("update", "epoch", "learning_rate")
SMOOTHED = 5  # validations that are averaged where validation rows are few
FEW_VALIDATION_ROWS = 500


@dataclass
class FitHistory:
    """The validations of one fit.

    Attributes:
        metrics: of the task; their headline metric decides which validation is best.
        window: how many validations are averaged before they are compared.
        validations: metrics of each, including those before a restart.
        best_validation: counted from 1; 0 before the first.
        best_target: the target with the decision that was chosen at the best validation; a refit
            keeps it, since it leaves no rows to choose on.
    """

    metrics: MetricTable
    window: int = 1
    validations: list[Metrics] = field(default_factory=list)
    best_validation: int = 0
    best_target: TargetSpec | None = None

    @property
    def best(self) -> Metrics:
        """Metrics of the best validation."""
        return self.validations[self.best_validation - 1]

    @property
    def best_metrics(self) -> Metrics:
        """Metrics of the best validation, without where it was and what the layers did."""
        return {
            name: value for name, value in self.best.items()
            if name not in POSITIONS and not is_within(name)
        }  # fmt: skip

    @property
    def best_update(self) -> int:
        """Updates of the weights until the best validation."""
        return int(self.best["update"])

    def find_best(self) -> int:
        """Return the validation, from 1, with the best headline metric; of equal ones, that with
        the lowest loss.

        Both are means of the last `window` validations up to it: few rows make noisy curves, whose
        best point is luck. The loss alone would stop a classifier too early, since it rises with
        the certainty of a few wrong answers while the others still become better.
        """
        name = self.metrics.headline
        sign = 1 if self.metrics[name].better == "higher" else -1

        def rank(number: int) -> tuple[float, float]:
            headline = self._mean_before(number, f"val_{name}")
            quality = sign * headline if math.isfinite(headline) else -math.inf
            return quality, -self._mean_before(number, "val_loss")

        return max(self._numbers(), key=rank)

    def find_last_within(self, margin: float) -> int:
        """Return the last validation, from 1, whose headline metric is at most `margin` worse than
        the best one's; both are means as in `find_best`."""
        name = self.metrics.headline
        best = self._mean_before(self.find_best(), f"val_{name}")
        near = [
            number for number in self._numbers()
            if self.metrics[name].gain(best, self._mean_before(number, f"val_{name}")) <= margin
        ]  # fmt: skip
        return near[-1]

    def _numbers(self) -> range:
        """The validations that are compared: those before which the window is full."""
        count = len(self.validations)
        return range(min(self.window, count), count + 1)

    def _mean_before(self, number: int, name: str) -> float:
        values = [row[name] for row in self.validations[:number]]
        return float(np.mean(values[-self.window :]))


def smoothing_window(rows: int) -> int:
    """Return how many validations of so many rows are averaged.

    Args:
        rows: that do not depend on each other.
    """
    return SMOOTHED if rows < FEW_VALIDATION_ROWS else 1
