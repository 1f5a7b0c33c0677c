"""Records a retraining: MLflow run, report, notification hooks."""

from collections.abc import Iterator
from contextlib import contextmanager

from conveyor.config import RetrainConfig, load
from conveyor.errors import ExitCode, InputError
from conveyor.hooks import notify
from conveyor.paths import Paths
from conveyor.retraining import report
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.retraining.lock import Busy
from conveyor.tracking.retraining import RetrainRun, retrain_run

EVENT = "retraining"


def record_outcome(
    config: RetrainConfig, paths: Paths, run: RetrainRun, outcome: RetrainOutcome
) -> None:
    """Log the outcome in MLflow, write the report, and call the hooks, unless nothing had
    changed."""
    run.log_outcome(outcome.summary(), paths, code=outcome.code)
    report.write(paths.retraining, config.name, outcome, config.retrain.drift.effect)
    run.log_folder(paths.retraining, "report")
    if outcome.review is None and outcome.code == ExitCode.NOTHING_TO_DO:
        return
    notify(config.hooks, EVENT, {"model": config.name, **outcome.as_json()})


@contextmanager
def record_failure(
    config: RetrainConfig, paths: Paths, run: RetrainRun, job: Job | None
) -> Iterator[None]:
    """Record an exception that the body raises, and raise it again.

    Args:
        job: None before there is one.
    """
    try:
        yield
    except Exception as error:
        code, cause = _describe(error)
        review = None if job is None else job.review
        record_outcome(config, paths, run, RetrainOutcome(code, f"failed: {cause}", None, review))
        raise


def _describe(error: Exception) -> tuple[ExitCode, str]:
    """The exit code and the message of an error for the report and the hooks. A message that is not
    ours may contain a secret, so they get its type only."""
    if isinstance(error, InputError):
        return error.exit_code, str(error)
    return ExitCode.FAILED, f"{type(error).__name__}; the log says more"


@contextmanager
def record_refusal(paths: Paths) -> Iterator[None]:
    """Record an error of the configuration, which the body composes, by the last valid one."""
    try:
        yield
    except Busy:
        raise
    except InputError:
        if not paths.config.is_file():
            raise
        config = load(RetrainConfig, paths.config)
        with retrain_run(config.name, paths) as run, record_failure(config, paths, run, None):
            raise
