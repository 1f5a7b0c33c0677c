"""The learning rate range test: a short fit whose rate grows by the same factor in each update.

Smith 2015, Cyclical learning rates for training neural networks, arXiv:1506.01186.

Too low a rate leaves the loss where it is, a good one lowers it, too high a one makes it grow.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.config import FitConfig
from conveyor.config.budget import has_few_rows, plan_budget
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.plots.training import plot_range_test
from conveyor.progress import progress_bar
from conveyor.training.batches import BatchReader
from conveyor.training.compile import new_model
from conveyor.training.process import prepare_process
from conveyor.training.state import Diverged
from conveyor.training.trainer import Trainer

LOWEST, HIGHEST = 1e-6, 10.0  # rates; the second is the highest that `train.learning_rate` may be
UPDATES = 300
SMOOTHING = 0.9  # share of the smoothed loss that stays in the next one
AROUND = 5  # updates on either side of a rate, by which its fall is measured
DIVERGED = 4.0  # times the lowest smoothed loss, at which the test stops
BELOW = 10.0  # the suggestion is so many times below the rate of the lowest loss
FALLEN = 0.98  # share of the first loss under which a loss has fallen


@dataclass(frozen=True)
class RangeTest:
    """The losses of a range test.

    Attributes:
        rates: of each update, growing, (updates,).
        losses: of the batch of each update, (updates,).
        diverged: whether the test stopped early, since the loss grew or was not finite.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    diverged: bool

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The losses as an exponential moving average, without the bias of its first values.

        >>> RangeTest(np.ones(2), np.array([1.0, 0.0]), False).smoothed.round(2).tolist()
        [1.0, 0.47]
        """
        mean, values = 0.0, []
        for number, loss in enumerate(self.losses, start=1):
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            values.append(mean / (1 - SMOOTHING**number))
        return np.array(values)

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest."""
        return float(self.rates[self.smoothed.argmin()])

    @property
    def steepest(self) -> float:
        """The rate, up to `lowest`, around which the smoothed loss falls fastest by log rate; the
        drop of a single batch does not decide it."""
        places = np.arange(max(2, int(self.smoothed.argmin()) + 1))
        before = np.maximum(places - AROUND, 0)
        after = np.minimum(places + AROUND, len(self.rates) - 1)
        falls = self.smoothed[after] - self.smoothed[before]
        slopes = falls / np.log(self.rates[after] / self.rates[before])
        return float(self.rates[slopes.argmin()])

    @property
    def suggestion(self) -> float:
        """A tenth of `lowest`, with two digits.

        Raises:
            InputError: no rate has lowered the loss.
        """
        smoothed = self.smoothed
        if not len(smoothed):
            raise InputError(
                f"--find-learning-rate: expected a finite loss at a rate of {LOWEST:g}; got none. "
                "Look at the numbers of the rows and targets"
            )
        if smoothed.min() > FALLEN * smoothed[0]:
            raise InputError(
                f"--find-learning-rate: expected a loss that falls at some rate; it began at "
                f"{smoothed[0]:.4g} and was never below {smoothed.min():.4g}. Look at a few rows "
                "and targets, and at dataset.encoding"
            )
        return float(f"{self.lowest / BELOW:.2g}")

    def describe(self) -> str:
        """Say what to set, how, and why."""
        setting = f"train.learning_rate={self.suggestion:g}"
        end = "where the loss had diverged" if self.diverged else "the highest rate"
        return (
            f"set {setting}, as in `dvc exp run -S +{setting}`, or in params.yaml: "
            f"train: {{learning_rate: {self.suggestion:g}}}\n"
            f"It is a tenth of {self.lowest:.2g}, the rate at which the smoothed loss was lowest; "
            f"the loss fell fastest at {self.steepest:.2g}. {len(self.rates)} updates, from "
            f"{self.rates[0]:.2g} to {self.rates[-1]:.2g}, {end}."
        )


def find_learning_rate(config: FitConfig, paths: Paths) -> str:
    """Run a range test on the prepared data, draw it, and return what it suggests.

    Raises:
        InputError: no rate has lowered the loss.
    """
    prepare_process(config)
    test = run_range_test(config, Prepared(paths.prepared))
    text = test.describe()
    draw(test, paths.range_test)
    return f"{text}\n{paths.range_test}"


def draw(test: RangeTest, path: Path) -> None:
    """Draw the losses by rate, and mark the suggestion and what it is made of."""
    marks = {"suggested": test.suggestion, "steepest": test.steepest, "lowest loss": test.lowest}
    plot_range_test(test.rates.tolist(), test.losses.tolist(), test.smoothed.tolist(), marks, path)


def run_range_test(
    config: FitConfig, prepared: Prepared, *, updates: int = UPDATES, progress: bool = True
) -> RangeTest:
    """Train a new network on training rows at rates from `LOWEST` to `HIGHEST`.

    Schedule and warmup of the configuration have no effect. Nothing is written.

    Args:
        updates: of the whole range; fewer are run where the loss diverges before its end.
        progress: show a progress bar if stderr is a terminal.
    """
    constant = {"schedule": "constant", "warmup_updates": 0, "learning_rate": LOWEST}
    train = config.train.model_copy(update=constant)
    config = config.model_copy(update={"train": train})
    rows = BatchReader([prepared.split("train")])
    head, count = prepared.task.head(config.head), len(rows.targets)
    model = new_model(config, prepared, head, updates)
    # So long a fit that the trainer does not warn of a network that has learned nothing yet.
    budget = replace(plan_budget(train, count), updates=100 * updates)
    few_rows = has_few_rows(count + prepared.meta.counts["validation"])
    trainer = Trainer(model, head, config, budget, rows, few_rows=few_rows)
    rates = np.geomspace(LOWEST, HIGHEST, updates)
    losses: list[float] = []
    test, lowest = RangeTest(rates[:0], np.empty(0), diverged=False), math.inf
    with progress_bar("range test", "update", updates, show=progress) as bar:
        for update, rate in enumerate(rates):
            model.optimizer.learning_rate = rate
            try:
                losses.append(trainer.train(update, update + 1)["loss"])
            except Diverged:
                return replace(test, diverged=True)
            test = RangeTest(rates[: update + 1], np.array(losses), diverged=False)
            smoothed = test.smoothed[-1]
            lowest = min(lowest, smoothed)
            bar.set_postfix(rate=f"{rate:.2g}", loss=f"{smoothed:.4g}")
            bar.update()
            if smoothed > DIVERGED * lowest:
                return replace(test, diverged=True)
    return test
