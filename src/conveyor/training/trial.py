"""One trial of a sweep, inside its own process."""

from pathlib import Path

import keras

from conveyor.data.store import Prepared
from conveyor.sweep.protocol import Channel, TrialJob
from conveyor.training.fit import STATE_FILE
from conveyor.training.measure import measure_costs, measure_latency_ms
from conveyor.training.threads import set_threads
from conveyor.training.validated_fit import choose_rows, fit_best, start_state


def run(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Fit the job's configuration, and report each validation to the driver.

    A trial resumes after the last validation that its scratch folder holds, and reports the
    earlier ones again. It does not refit: the objective comes from the validated fit.

    Returns:
        Metrics of the best validation (`loss` and the head's score of the training rows;
        `val_loss`, and as `val_` and its name each metric of the task's `validation` and of
        `job.metrics`),
        `best_update`, `best_epoch`, `parameters`, `flops`, `updates` of the budget, and
        `latency_ms` if the job wants it.

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
        measured.update(
            parameters=float(costs.parameters),
            flops=float(costs.flops),
            updates=float(state.budget.updates),
        )
        channel.report(0, measured)

    rows = choose_rows(prepared, job.fold, config.seed)
    state = start_state(
        config,
        prepared,
        rows,
        path=Path(job.scratch, STATE_FILE),
        on_validation=channel.report,
    )
    model = fit_best(
        config,
        prepared,
        rows,
        state,
        metrics=job.metrics,
        on_built=on_built,
        report_pace=channel.report_pace,
        progress=False,
    )
    if job.latency:
        measured["latency_ms"] = measure_latency_ms(model, config, prepared)
    history = state.history
    return {
        **history.best_metrics,
        "best_update": history.best["update"],
        "best_epoch": history.best["epoch"],
        **measured,
    }
