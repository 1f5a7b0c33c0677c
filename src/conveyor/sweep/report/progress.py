"""Shows a running sweep's progress: a bar on a terminal, else one log line for each trial."""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from optuna.trial import TrialState

from conveyor.durations import format_duration
from conveyor.progress import progress_bar
from conveyor.sweep.attributes import PARAMS
from conveyor.sweep.ranking import find_best_trial
from conveyor.sweep.running_trial import RunningTrial
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0  # between readings of what other drivers have done
LONG = 3600.0  # seconds of a sweep, beyond which it is said how to bound it


class Progress:
    """Counts done, pruned and failed trials; tqdm adds the time left."""

    def __init__(self, study: SweepStudy) -> None:
        self.study = study
        self._refreshed = time.monotonic()
        self._estimated = False
        self.bar = progress_bar("sweep", "trial", study.total, initial=study.done)

    def close(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()

    def estimate(self, running: RunningTrial, seconds: float, updates: int) -> None:
        """Say once, at the pace of the first trial, how long the sweep may take.

        Args:
            seconds: of an update.
            updates: that the trial has done.
        """
        if self._estimated:
            return
        self._estimated = True
        sweep, study = self.study.config.sweep, self.study
        start = max(0.0, time.monotonic() - running.started - seconds * updates)  # of a fit
        budget = running.latest_metrics.get("updates", updates)
        fits = (study.total - study.done) * sweep.repeats.count
        duration = fits * (start + seconds * budget) / min(sweep.workers, fits)
        advice = "; sweep.trials and sweep.time_limit bound it" if duration > LONG else ""
        log.info(
            "the sweep takes about %s, if no trial is pruned%s", format_duration(duration), advice
        )

    def update(self) -> None:
        """Show the counts after a trial of this driver has ended."""
        text, done = summary_line(self.study), self.study.done
        self.bar.set_postfix_str(text)
        self.bar.update(done - self.bar.n)
        if not sys.stderr.isatty():
            log.info("%d/%d trials, %s", done, self.study.total, text)

    def refresh(self) -> None:
        """On a terminal, show the trials of other drivers too, at most every two seconds."""
        if not self.bar.disable and time.monotonic() - self._refreshed > REFRESH_SECONDS:
            self._refreshed = time.monotonic()
            self.bar.update(self.study.done - self.bar.n)


def summary_line(study: SweepStudy) -> str:
    """Return the counts of pruned and failed trials, and the best trial with its parameters."""
    pruned, failed = (len(study.counted(s)) for s in (TrialState.PRUNED, TrialState.FAIL))
    sweep = study.config.sweep
    best = find_best_trial(study.optuna, sweep.pick)
    if best is None:
        return f"{pruned} pruned, {failed} failed, none complete yet"
    params = ", ".join(
        f"{key.rpartition('.')[2]} {_format_value(value)}"
        for key, value in best.user_attrs[PARAMS].items()
    )
    objectives = format_objectives(dict(zip(sweep.objectives, best.values, strict=True)))
    return f"{pruned} pruned, {failed} failed, best {objectives} ({params})"


def format_objectives(objectives: Mapping[str, float]) -> str:
    """Return names and values for a log line.

    >>> format_objectives({"val_loss": 0.25, "flops": 1200000.0})
    'val_loss 0.25, flops 1.2e+06'
    """
    return ", ".join(f"{name} {value:.4g}" for name, value in objectives.items())


def _format_value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
