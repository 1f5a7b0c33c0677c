"""The whole of `sweep`: study, driver, outputs."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conveyor.config import SweepConfig
from conveyor.sweep import warm_start
from conveyor.sweep.attributes import STATES
from conveyor.sweep.driver import Driver
from conveyor.sweep.protocol import Executor, Observer
from conveyor.sweep.report import html_report, outputs
from conveyor.sweep.results import best_of
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)


def run_sweep(
    config: SweepConfig,
    prepared: Path,
    data_digest: str,
    folder: Path,
    scratch: Path,
    observer: Observer,
    executor: Executor,
    *,
    pages: Path,
    champion: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Search, and write what was found into `folder`.

    A sweep that was killed at any instant goes on where it was, to the same total and, with one
    worker, through the same proposals to the same best.

    Args:
        prepared: folder of the prepared data, whose content `data_digest` names.
        scratch: keeps the study; nothing here is an output.
        pages: folder for what shows times, and so is no output: the interactive page, the timeline.
        champion: settings by dotted key, for `sweep.warm_start.champion`.

    Returns:
        What best.yaml holds.

    Raises:
        SweepError: another process runs this sweep, or too many trials failed.
    """
    with SweepStudy(scratch, config, data_digest) as study:
        study.warm_start(lambda: warm_start.configurations(config, study.space, scratch, champion))
        with _told(study, config, observer) as counts:
            counts |= _drive(study, config, prepared, executor, observer)
            best = outputs.write(folder, config.sweep, study)
            html_report.write(pages, config.sweep, study)
            _tell_unheard(study, observer)
            observer.sweep_finished(best, counts, None)
            study.end()
    found = ", ".join(f"{name} {value:.4g}" for name, value in best["objectives"].items())
    log.info("best %s with %s", found, best["params"])
    return best


def skip_sweep(folder: Path) -> None:
    """The outputs of a sweep that is switched off: `train` takes the configuration as it is."""
    log.info("the sweep is switched off; train takes the configuration as it is")
    outputs.write_nothing(folder)


def join_sweep(
    config: SweepConfig, prepared: Path, data_digest: str, scratch: Path, observer: Observer,
    executor: Executor,
) -> None:  # fmt: skip
    """Help with a sweep that another process has begun, or begin it for that process.

    Ends when the study has its total; the stage `sweep` then writes the outputs.

    Raises:
        SweepError: the last study has ended, or too many trials failed.
    """
    with (
        SweepStudy(scratch, config, data_digest, "join") as study,
        _told(study, config, observer) as counts,
    ):
        counts |= _drive(study, config, prepared, executor, observer)
        observer.sweep_finished(outputs.best(study, config.sweep), counts, None)
    log.info("the study has its %d trials; `dvc repro sweep` writes its outputs", study.total)


def _drive(
    study: SweepStudy, config: SweepConfig, prepared: Path, executor: Executor, observer: Observer
) -> dict[str, float]:
    """Run the driver. Returns figures of the whole sweep.

    Raises:
        SweepError: there is no best trial.
    """
    driver = Driver(config, study, str(prepared), executor, observer)
    with _sigterm_unwinds():
        driver.run()
    counts = _counts(study)
    idle = driver.slots.idle_share
    log.info("%d slots were idle between trials for %.1f %% of their time",
             config.sweep.workers, 100 * idle)  # fmt: skip
    if best_of(study.optuna, config.sweep) is None:
        complete = int(counts["trials_complete"])
        if complete and config.sweep.constraints:
            raise SweepError(
                f"none of {complete} completed trials keeps all of sweep.constraints "
                f"{list(config.sweep.constraints)}; loosen them, or widen sweep.space"
            )
        raise SweepError("no trial completed; raise sweep.time_limit, or see why they failed")
    return {**counts, "idle_share": idle}


@contextmanager
def _told(study: SweepStudy, config: SweepConfig, observer: Observer) -> Iterator[dict[str, float]]:
    """The observer hears of the begin, and of an end by an error."""
    log.info("study %s", study.key)
    with study.exclusive():  # so that drivers that begin at once share one parent run
        observer.sweep_started(
            study.token, config.sweep.model_dump(mode="json"), resumed=study.resumed
        )
        if study.resumed:
            _tell_unheard(study, observer)
    counts: dict[str, float] = {}
    try:
        yield counts
    except BaseException as error:
        observer.sweep_finished(None, _counts(study), str(error) or type(error).__name__)
        if isinstance(error, SweepError):
            # Its failures would end the next try at once, whatever was mended.
            study.end(str(error))
        raise


def _tell_unheard(study: SweepStudy, observer: Observer) -> None:
    """A driver that was killed between the study's record and the observer's left one untold."""
    unheard = set(observer.unheard())
    for trial in study.counted(*STATES):
        if trial.number in unheard:
            observer.trial_finished(trial.number, study.outcome(trial))


def _counts(study: SweepStudy) -> dict[str, float]:
    return {f"trials_{name}": float(len(study.counted(state))) for state, name in STATES.items()}


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """SIGTERM ends the sweep as Ctrl-C does: trials are ended, the observer hears of it."""

    def stop(*_: object) -> None:
        raise SystemExit("the sweep was stopped by SIGTERM; run it again to go on")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
