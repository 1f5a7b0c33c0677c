"""Runs a whole sweep: drives the trials of its study, writes the outputs."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from conveyor.paths import Paths
from conveyor.sweep import events, warm_start
from conveyor.sweep.driver import Driver
from conveyor.sweep.protocol import Executor
from conveyor.sweep.ranking import describe_best
from conveyor.sweep.report import outputs
from conveyor.sweep.report.progress import format_objectives
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)


def run_sweep(
    study: SweepStudy,
    paths: Paths,
    observer: events.Observer,
    executor: Executor,
    champion: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the sweep to its total and write its outputs.

    A sweep that was killed continues where it was and reaches the same total. With one worker it
    also draws the same proposals and finds the same best trial.

    Args:
        study: entered, with the mode "lead".
        paths: of the outputs, and of the studies to start from.
        champion: settings of the champion by dotted key, for `sweep.warm_start.champion`.

    Returns:
        The content of best.yaml.

    Raises:
        SweepError: too many trials failed, or no trial is complete and feasible.
    """
    study.warm_start(lambda: warm_start.collect_configurations(study, paths.scratch, champion))
    with _report_to_observer(study, observer):
        best, idle_share = _run_driver(study, executor, observer)
        log.info("best: %s with %s", format_objectives(best["objectives"]), best["params"])
        outputs.write(paths.sweep, paths.sweep_pages, study, best)
        observer.observe(events.SweepFinished(best, study.outcomes, idle_share))
        study.end()
    return best


def join_sweep(study: SweepStudy, observer: events.Observer, executor: Executor) -> None:
    """Run trials of a sweep as an additional driver, until the study has its total.

    It may start before the sweep itself does. It writes no outputs; the stage `sweep` does.

    Args:
        study: entered, with the mode "join".

    Raises:
        SweepError: too many trials failed, or no trial is complete and feasible.
    """
    with _report_to_observer(study, observer):
        best, idle_share = _run_driver(study, executor, observer)
        log.info("the study has its %d trials; `dvc repro sweep` writes its outputs", study.total)
        observer.observe(events.SweepFinished(best, study.outcomes, idle_share))


@contextmanager
def _report_to_observer(study: SweepStudy, observer: events.Observer) -> Iterator[None]:
    """Report the start of the sweep to the observer, and its end where it fails."""
    log.info("study %s", study.key)
    settings = study.config.sweep.model_dump(mode="json")
    started = events.SweepStarted(study.token, settings, study.outcomes)
    with study.exclusive():  # so that drivers that start at once share one parent run
        observer.observe(started)
    try:
        yield
    except BaseException as error:
        reason = str(error) or type(error).__name__
        observer.observe(events.SweepFailed(reason, study.outcomes))
        if isinstance(error, SweepError):
            # The recorded failures would end the next attempt at once, whatever was changed.
            study.end(str(error))
        raise


def _run_driver(
    study: SweepStudy, executor: Executor, observer: events.Observer
) -> tuple[dict[str, Any], float]:
    """Run trials until the total. Returns the content of best.yaml and the slots' idle share."""
    driver = Driver(study, executor, observer)
    with _raise_on_sigterm():
        driver.run()
    log.info("the trial slots were idle for %.1f %% of the time", 100 * driver.slots.idle_share)
    return describe_best(study.optuna, study.config.sweep), driver.slots.idle_share


@contextmanager
def _raise_on_sigterm() -> Iterator[None]:
    """SIGTERM raises SystemExit, as Ctrl-C raises KeyboardInterrupt, so that trials are ended and
    the failure is reported."""

    def stop(*_: object) -> None:
        raise SystemExit("the sweep was stopped by SIGTERM; run it again to continue")

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
