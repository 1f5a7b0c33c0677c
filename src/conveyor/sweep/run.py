"""The whole of `sweep`: study, driver, outputs."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conveyor.config import Config
from conveyor.config.load import dump
from conveyor.sweep import outputs
from conveyor.sweep.driver import Driver
from conveyor.sweep.protocol import Observer
from conveyor.sweep.study import StudyFolder, SweepError

log = logging.getLogger(__name__)

TRIAL = "conveyor.training.trial:run"


def run_sweep(
    config: Config,
    prepared: Path,
    data_digest: str,
    folder: Path,
    scratch: Path,
    observer: Observer,
    *,
    trial: str = TRIAL,
) -> dict[str, Any]:
    """Search, and write what was found into `folder`.

    A sweep that was killed at any instant goes on where it was, to the same total and, with one
    worker, through the same proposals to the same best.

    Args:
        prepared: folder of the prepared data, whose content `data_digest` names.
        scratch: keeps the study; nothing here is an output.
        trial: "module:function" that runs one trial in its process; see `TrialJob`, `Channel`.

    Returns:
        What best.yaml holds.

    Raises:
        SweepError: another process runs this sweep, or too many trials failed.
    """
    if not config.sweep.enabled:
        log.info("the sweep is switched off; train takes the configuration as it is")
        return outputs.write(folder, config.sweep, None)
    with StudyFolder(scratch, config, data_digest) as kept:
        study = kept.open(config)
        observer.sweep_started(kept.key, dump(config.sweep), resumed=kept.resumed)
        try:
            with _sigterm_unwinds():
                Driver(config, study, str(prepared), trial, observer).run()
                best = outputs.write(folder, config.sweep, study)
        except BaseException as error:
            observer.sweep_finished(None, str(error) or type(error).__name__)
            if isinstance(error, SweepError):
                kept.finish()  # its failures would end the next try at once, whatever was mended
            raise
        observer.sweep_finished(best, None)
        kept.finish()
    log.info("best %s %.4g with %s", best["objective"], best["value"], best["params"])
    return best


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
