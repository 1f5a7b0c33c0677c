"""What a night leaves behind: its run in MLflow, its report, and word to the hooks."""

from collections.abc import Iterator
from contextlib import contextmanager

from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.hooks import notify
from conveyor.paths import Paths
from conveyor.registry.retraining import RetrainRun
from conveyor.retraining.job import BAD_INPUT, FAILED, Job, Outcome

EVENT = "retraining"


def tell(config: Config, paths: Paths, run: RetrainRun, outcome: Outcome) -> None:
    """Log what came of it; report it and call the hooks, unless nothing had changed."""
    run.log(outcome.summary(), code=outcome.code)
    if outcome.review is None and not outcome.failed:
        return
    from conveyor.retraining import report  # loads matplotlib

    report.write(paths.retraining, config.name, outcome, config.retrain.drift.effect)
    run.log_report(paths.retraining)
    notify(config.hooks, EVENT, {"model": config.name, **outcome.as_json()})


@contextmanager
def failure_told(config: Config, paths: Paths, run: RetrainRun, job: Job) -> Iterator[None]:
    """Tell of a failure of the body too, and raise it."""
    try:
        yield
    except Exception as error:
        ours = isinstance(error, InputError)
        # Only our own messages are known to hold no secret.
        words = str(error) if ours else f"{type(error).__name__}; the log has its traceback"
        code = BAD_INPUT if ours else FAILED
        tell(config, paths, run, Outcome(code, f"failed: {words}", None, job.review))
        raise
