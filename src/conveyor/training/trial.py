"""One trial of a sweep, inside its own process."""

from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from conveyor.config import Config
from conveyor.config.load import partial
from conveyor.data.store import Prepared
from conveyor.training.course import Row
from conveyor.training.fit import fit

if TYPE_CHECKING:
    from conveyor.sweep.protocol import Channel, TrialJob


def run(job: "TrialJob", channel: "Channel") -> dict[str, float]:
    """Fit the job's configuration, telling the driver each epoch.

    Returns:
        Metrics of the best epoch (`val_loss`, `val_accuracy`, `loss`, `accuracy`), `best_epoch`
        and `parameters`.

    Raises:
        Pruned: the driver said to stop.
        Diverged: the loss is no longer a number.
    """
    if job.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(job.threads)
    config: Config = partial(job.config)

    def report(epoch: int, row: Row) -> None:
        channel.report(epoch, row)

    # The number of epochs is known without the refit, and the objective is from before it.
    fitted = fit(config, Prepared(Path(job.prepared)), on_epoch=report, refit=False, progress=False)
    parameters = sum(int(weight.numpy().size) for weight in fitted.model.trainable_weights)
    return {
        **{name: value for name, value in fitted.best.items() if name != "learning_rate"},
        "best_epoch": float(fitted.best_epoch),
        "parameters": float(parameters),
    }
