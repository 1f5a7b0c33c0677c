"""Runs a whole sweep: opens the study, drives its trials, writes the outputs."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conveyor.config import SweepConfig
from conveyor.sweep import warm_start
from conveyor.sweep.attributes import STATES, recorded_outcome
from conveyor.sweep.best_trial import describe_best
from conveyor.sweep.driver import Driver
from conveyor.sweep.protocol import Executor, Observer
from conveyor.sweep.report import html_report, outputs
from conveyor.sweep.report.progress import format_objectives
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepFiles:
    """What a sweep reads and writes.

    Attributes:
        prepared: folder of the prepared data.
        data_digest: digest of the prepared data.
        scratch: folder of the study and of what interrupted trials resume from.
        outputs: folder of best.yaml, the tables and the plots.
        pages: folder of the interactive page and the timeline. They show times, so DVC does not
            track them.
    """

    prepared: Path
    data_digest: str
    scratch: Path
    outputs: Path
    pages: Path


def run_sweep(
    config: SweepConfig,
    files: SweepFiles,
    observer: Observer,
    executor: Executor,
    champion: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the sweep to its total and write its outputs.

    A sweep that was killed continues where it was and reaches the same total. With one worker it
    also draws the same proposals and finds the same best trial.

    Args:
        champion: settings of the champion by dotted key, for `sweep.warm_start.champion`.

    Returns:
        The content of best.yaml.

    Raises:
        SweepError: another process runs this sweep, too many trials failed, or no trial is
            complete and feasible.
    """
    with SweepStudy(files.scratch, config, files.data_digest) as study:
        study.warm_start(
            lambda: warm_start.configurations(config, study.space, files.scratch, champion)
        )
        with _reporting(study, config, observer):
            counts = _run_driver(study, config, files.prepared, executor, observer)
            best = _best(study, config)
            outputs.write(files.outputs, config.sweep, study, best)
            html_report.write(files.pages, config.sweep, study)
            _report_missed_ends(study, observer)
            observer.sweep_finished(best, counts, None)
            study.end()
    log.info("best: %s with %s", format_objectives(best["objectives"]), best["params"])
    return best


def skip_sweep(outputs_folder: Path) -> None:
    """Write the outputs of a disabled sweep, after which `train` uses the configuration as is."""
    log.info("sweep.enabled is false; train uses the configuration as it is")
    outputs.write_nothing(outputs_folder)


def join_sweep(
    config: SweepConfig, files: SweepFiles, observer: Observer, executor: Executor
) -> None:
    """Run trials of a sweep as an additional driver, until the study has its total.

    It may start before the sweep itself does. It writes no outputs; the stage `sweep` does.

    Raises:
        SweepError: the latest study has ended, too many trials failed, or no trial is complete
            and feasible.
    """
    with (
        SweepStudy(files.scratch, config, files.data_digest, "join") as study,
        _reporting(study, config, observer),
    ):
        counts = _run_driver(study, config, files.prepared, executor, observer)
        observer.sweep_finished(_best(study, config), counts, None)
    log.info("the study has its %d trials; `dvc repro sweep` writes its outputs", study.total)


def _run_driver(
    study: SweepStudy, config: SweepConfig, prepared: Path, executor: Executor, observer: Observer
) -> dict[str, float]:
    """Run trials until the total. Returns the sweep's counts and the slots' idle share."""
    driver = Driver(config, study, str(prepared), executor, observer)
    with _sigterm_raises():
        driver.run()
    idle = driver.slots.idle_share
    log.info("%d slots were idle between trials for %.1f %% of their time",
             config.sweep.workers, 100 * idle)  # fmt: skip
    return {**_counts(study), "idle_share": idle}


def _best(study: SweepStudy, config: SweepConfig) -> dict[str, Any]:
    """Return the content of best.yaml.

    Raises:
        SweepError: no complete trial is feasible.
    """
    best = describe_best(study.optuna, config.sweep)
    if best is not None:
        return best
    complete = int(_counts(study)["trials_complete"])
    if complete and config.sweep.constraints:
        raise SweepError(
            f"sweep.constraints: none of {complete} completed trials meets all of "
            f"{list(config.sweep.constraints)}. Loosen them, or widen sweep.space."
        )
    raise SweepError(
        "no trial was completed. Raise sweep.time_limit, or see in the log why they failed."
    )


@contextmanager
def _reporting(study: SweepStudy, config: SweepConfig, observer: Observer) -> Iterator[None]:
    """Report the start of the sweep to the observer, and its end where it fails."""
    log.info("study %s", study.key)
    with study.exclusive():  # so that drivers that start at once share one parent run
        settings = config.sweep.model_dump(mode="json")
        observer.sweep_started(study.token, settings, resumed=study.resumed)
        if study.resumed:
            _report_missed_ends(study, observer)
    try:
        yield
    except BaseException as error:
        observer.sweep_finished(None, _counts(study), str(error) or type(error).__name__)
        if isinstance(error, SweepError):
            # The recorded failures would end the next attempt at once, whatever was changed.
            study.end(str(error))
        raise


def _report_missed_ends(study: SweepStudy, observer: Observer) -> None:
    """Report trials whose driver was killed after it had recorded their end in the study."""
    unreported = set(observer.unreported_trials())
    for trial in study.counted(*STATES):
        if trial.number in unreported:
            observer.trial_finished(trial.number, recorded_outcome(trial))


def _counts(study: SweepStudy) -> dict[str, float]:
    return {f"trials_{name}": float(len(study.counted(state))) for state, name in STATES.items()}


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """SIGTERM raises SystemExit, as Ctrl-C raises KeyboardInterrupt, so that trials are ended and
    the failure is reported."""

    def stop(*_: object) -> None:
        raise SystemExit("the sweep was stopped by SIGTERM; run it again to continue")

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
