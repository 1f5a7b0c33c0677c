"""Trains a compiled model, update by update, in an order that depends on seed and update only."""

import logging
import math
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np

from conveyor.config import FitConfig
from conveyor.config.budget import Budget
from conveyor.encoding.ragged import RowNumbers, batches_by_length
from conveyor.metrics.layers import GRADIENT_NORM, name_metric
from conveyor.metrics.steps import has_steps
from conveyor.tasks.facets import Head
from conveyor.training.batches import Batch, BatchReader, plan_batches
from conveyor.training.chunked_steps import make_steps
from conveyor.training.history import Metrics
from conveyor.training.state import Diverged, learning_rate

log = logging.getLogger(__name__)

# A network that has learned something has left the loss of a constant answer by this share of it,
# after this share of its updates.
LEFT_CHANCE, CHECKED_AFTER = 0.02, 0.25
CONSTANT_BATCH = 4096  # rows whose loss is computed together
CONSTANT_ROWS = 100_000  # evenly spaced, by which the loss of a constant answer is computed
NORMS_EVERY = 5  # updates, of which the first one's gradient norms are measured
TIMED_SECONDS = 2.0  # that updates are timed for an estimate

Pace = Callable[[float, int], None]  # seconds of an update, and the updates that are done


class Trainer:
    """Trains a compiled model on training rows.

    Args:
        head: with which the model was built.
        rows: that are trained on.
        few_rows: whether training and validation rows are few; see `config.budget`.
        report_pace: called once, after some seconds of training, or at the end of the first call
            of `train` if that is earlier.
        look_inside: compute `gradient_norms`.

    Attributes:
        gradient_norms: of each layer, by the names of `metrics.layers`: the mean over each fifth
            update of the last call of `train`, from its first on. Updates that the optimizer
            skips, since their gradients are no finite numbers in float16, do not count; 0 if
            that were all. Empty without `look_inside`.
    """

    def __init__(
        self,
        model: keras.Model,
        head: Head,
        config: FitConfig,
        budget: Budget,
        rows: BatchReader,
        *,
        few_rows: bool,
        report_pace: Pace = lambda seconds, updates: None,
        look_inside: bool = False,
    ) -> None:
        self.model, self.head, self.config = model, head, config
        self.budget, self.rows = budget, rows
        head.prepare_loss(rows.targets, few_rows=few_rows)
        self.steps = make_steps(model, head, rows.targets, config, look_inside=look_inside)
        self._layers = [] if self.steps.norms is None else self.steps.norms.layers
        self.gradient_norms: Metrics = {}
        self._report_pace: Pace | None = report_pace
        self._chance_loss = constant_loss(head, rows)
        self._planned: tuple[int, list[RowNumbers]] = (-1, [])  # an epoch, and its batches

    def train(self, first: int, last: int) -> Metrics:
        """Run the updates from `first`, counted from 0, to before `last`.

        Returns:
            `update` and `epoch` after them; `loss` and the head's score of the training rows while
            the weights changed.

        Raises:
            Diverged: the loss of a batch is not finite.
        """
        rate = learning_rate(self.model)
        total = score = rows = began = finite = 0.0
        norms = np.zeros(len(self._layers))
        for update, batch in enumerate(self._batches(first, last), start=first):
            measure_norms = (update - first) % NORMS_EVERY == 0
            result = self.steps.train(batch, measure_norms=measure_norms)
            if not math.isfinite(result.loss):
                raise Diverged(
                    f"the loss became {result.loss} in update {update + 1} at learning rate "
                    f"{rate:g}. Lower train.learning_rate, or set train.clip_norm."
                )
            total, score = total + result.loss, score + result.score
            if np.isfinite(result.gradient_norms).all():
                norms, finite = norms + result.gradient_norms, finite + 1
            _, targets = batch
            rows += len(targets)
            if update == first:
                began = time.monotonic()  # after the update that may have compiled the graph
            else:
                self._time_updates(began, first, update + 1, is_last=update + 1 == last)
        self._check_progress(first, last, total / rows)
        self.gradient_norms = {
            name_metric(GRADIENT_NORM, layer): float(norm / max(1, finite))
            for layer, norm in zip(self._layers, norms, strict=True)
        }
        epoch = last / self.budget.updates_per_epoch
        return {
            "update": float(last),
            "epoch": epoch,
            "loss": total / rows,
            self.head.score_name: score / rows,
        }

    def _time_updates(self, began: float, first: int, done: int, *, is_last: bool) -> None:
        """Report the pace once; `began` is the time after the update `first`."""
        seconds = time.monotonic() - began
        if self._report_pace is not None and (is_last or seconds > TIMED_SECONDS):
            self._report_pace(seconds / (done - first - 1), done)
            self._report_pace = None

    def _batches(self, first: int, last: int) -> Iterator[Batch]:
        """Read the batches of these updates: all rows in each epoch, in a new order."""
        per_epoch = self.budget.updates_per_epoch
        while first < last:
            epoch, index = divmod(first, per_epoch)
            end = min(per_epoch, index + last - first)
            yield from self.rows.read(self._plan(epoch)[index:end])
            first += end - index

    def _plan(self, epoch: int) -> list[RowNumbers]:
        if self._planned[0] != epoch:
            pools, seed = self.config.train.bucket_batches, self.config.seed
            plan = plan_batches(self.rows.lengths, self.budget.batch_size, pools, seed, epoch)
            self._planned = epoch, plan
        return self._planned[1]

    def _check_progress(self, first: int, last: int, loss: float) -> None:
        """Warn once if the loss is still that of a constant answer."""
        checked_at = CHECKED_AFTER * self.budget.updates
        if first < checked_at <= last and loss > (1 - LEFT_CHANCE) * self._chance_loss:
            log.warning(
                "after %d of %d updates the training loss is %.4g, not %.0f %% below the %.4g of "
                "one constant answer for every row: the network has learned hardly anything yet. "
                "If it stays so, look at a few rows and targets, at dataset.encoding, and at "
                "train.learning_rate and train.updates.",
                last, self.budget.updates, loss, 100 * LEFT_CHANCE, self._chance_loss,
            )  # fmt: skip


def constant_loss(head: Head, rows: BatchReader) -> float:
    """Return the mean training loss of the best constant answer; of many rows, over a sample."""
    answer, losses = head.constant_outputs(rows.targets), []
    count = len(rows.lengths)
    sample = np.linspace(0, count - 1, min(count, CONSTANT_ROWS)).astype(np.int64)
    for places in batches_by_length(rows.lengths[sample], CONSTANT_BATCH):
        targets = rows.read_targets(sample[places])
        axes = targets.shape[:2] if has_steps(rows.targets) else targets.shape[:1]
        outputs = np.broadcast_to(answer, (*axes, head.width))
        losses.append(np.asarray(head.training_losses(targets, outputs)))
    return float(np.mean(np.concatenate(losses)))
