"""Records a retraining: MLflow run, report, notification hooks."""

from collections.abc import Iterator
from contextlib import contextmanager

from conveyor.config import RetrainConfig
from conveyor.errors import ExitCode, InputError
from conveyor.hooks import notify
from conveyor.paths import Paths
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.tracking.retraining import RetrainRun

EVENT = "retraining"


def record_outcome(
    config: RetrainConfig, paths: Paths, run: RetrainRun, outcome: RetrainOutcome
) -> None:
    """Log the outcome in MLflow, write the report, and call the hooks.

    If nothing had changed, there is no report and no hook is called.
    """
    run.log_outcome(outcome.summary(), paths, code=outcome.code)
    if outcome.review is None and outcome.code == ExitCode.NOTHING_TO_DO:
        return
    from conveyor.retraining import report  # loads Matplotlib, which a run without news spares

    report.write(paths.retraining, config.name, outcome, config.retrain.drift.effect)
    run.log_folder(paths.retraining, "report")
    notify(config.hooks, EVENT, {"model": config.name, **outcome.as_json()})


@contextmanager
def record_failure(
    config: RetrainConfig, paths: Paths, run: RetrainRun, job: Job
) -> Iterator[None]:
    """Record an exception that the body raises, and raise it again."""
    try:
        yield
    except Exception as error:
        code = error.exit_code if isinstance(error, InputError) else ExitCode.FAILED
        # Other messages may contain a secret, so the report and the hooks get the type only.
        private = f"{type(error).__name__}; the log says more"
        cause = str(error) if code == ExitCode.INPUT_REFUSED else private
        record_outcome(
            config, paths, run, RetrainOutcome(code, f"failed: {cause}", None, job.review)
        )
        raise
