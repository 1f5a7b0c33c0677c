"""One trial of a sweep, inside its own process."""

from pathlib import Path
from typing import TYPE_CHECKING

import keras

from conveyor.config import Config
from conveyor.config.load import partial
from conveyor.data.store import Prepared
from conveyor.training.costs import costs_of, latency_ms
from conveyor.training.fit import fit
from conveyor.training.state import EpochMetrics
from conveyor.training.threads import set_threads

if TYPE_CHECKING:
    from conveyor.sweep.protocol import Channel, TrialJob


def run(job: "TrialJob", channel: "Channel") -> dict[str, float]:
    """Fit the job's configuration, telling the driver each epoch.

    Goes on after the last epoch that its scratch folder holds, and tells the driver of those
    before it again.

    Returns:
        Metrics of the best epoch (`val_loss`, `val_accuracy`, `val_macro_f1`, `loss`,
        `accuracy`), `best_epoch`, `parameters`, `flops`, and `latency_ms` where it is wanted.

    Raises:
        Pruned: the driver said to stop.
        Diverged: the loss is no longer a number.
    """
    config: Config = partial(job.config)
    if job.threads is not None:
        set_threads(config, job.threads)
    prepared = Prepared(Path(job.prepared))
    known: dict[str, float] = {}

    def built(model: keras.Model) -> None:
        costs = costs_of(model, config, prepared)
        known.update(parameters=float(costs.parameters), flops=float(costs.flops))
        channel.report(0, known)

    def report(epoch: int, row: EpochMetrics) -> None:
        channel.report(epoch, row)

    # The number of epochs is known without the refit, and the objective is from before it.
    fitted = fit(
        config, prepared, on_built=built, on_epoch=report, scratch=Path(job.scratch),
        fold=job.fold, refit=False, progress=False,
    )  # fmt: skip
    if job.latency:
        known["latency_ms"] = latency_ms(fitted.model, config, prepared)
    best = {name: value for name, value in fitted.best.items() if name != "learning_rate"}
    return {**best, "best_epoch": float(fitted.best_epoch), **known}
