"""One trial of a sweep, inside its own process."""

from pathlib import Path

import keras

from conveyor.data.store import Prepared
from conveyor.sweep.protocol import Channel, TrialJob
from conveyor.training.fit import STATE_FILE, fit_best_epoch
from conveyor.training.measure import measure_costs, measure_latency_ms
from conveyor.training.state import TrainingState
from conveyor.training.threads import set_threads


def run(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Fit the job's configuration, and report each epoch to the driver.

    A trial resumes after the last epoch that its scratch folder holds, and reports the earlier
    epochs again. It does not refit: the objective comes from the validated fit.

    Returns:
        Metrics of the best epoch (`loss` and the head's score of the training rows; `val_loss`, and
        as `val_` and its name each metric of the task's `validation` and of `job.metrics`),
        `best_epoch`, `parameters`, `flops`, and `latency_ms` if the job wants it.

    Raises:
        Pruned: the driver said to stop.
        Diverged: the loss is not finite.
    """
    config = job.config
    if job.threads is not None:
        set_threads(config, job.threads)
    prepared = Prepared(Path(job.prepared))
    measured: dict[str, float] = {}

    def on_built(model: keras.Model) -> None:
        costs = measure_costs(model, config, prepared)
        measured.update(parameters=float(costs.parameters), flops=float(costs.flops))
        channel.report(0, measured)

    state = TrainingState(config.train, Path(job.scratch, STATE_FILE), channel.report)
    model = fit_best_epoch(
        config,
        prepared,
        state,
        fold=job.fold,
        metrics=job.metrics,
        on_built=on_built,
        progress=False,
    )
    if job.latency:
        measured["latency_ms"] = measure_latency_ms(model, config, prepared)
    return {**state.best_metrics, "best_epoch": float(state.best_epoch), **measured}
