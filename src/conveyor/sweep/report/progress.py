"""How far the sweep is: one line on a terminal, one log line a trial elsewhere."""

import logging
import sys
import time
from typing import Any

from optuna.trial import TrialState
from tqdm import tqdm

from conveyor.config import Sweep
from conveyor.sweep.attributes import PARAMS
from conveyor.sweep.results import best_of
from conveyor.sweep.study import SweepStudy

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds between looks at what other drivers have done


class Progress:
    """Counts done, pruned and failed trials; tqdm adds the time left."""

    def __init__(self, sweep: Sweep, study: SweepStudy) -> None:
        self.sweep, self.study = sweep, study
        self._looked = time.monotonic()
        self.bar = tqdm(
            total=study.total, initial=study.done, unit="trial", disable=None, file=sys.stderr
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:
        self.bar.close()

    def update(self) -> None:
        text, done = line(self.sweep, self.study), self.study.done
        self.bar.set_postfix_str(text)
        self.bar.update(done - self.bar.n)
        if not sys.stderr.isatty():
            log.info("%d/%d trials, %s", done, self.study.total, text)

    def refresh(self) -> None:
        """Show the trials of other drivers too, on a terminal."""
        if not self.bar.disable and time.monotonic() - self._looked > EVERY:
            self._looked = time.monotonic()
            self.bar.update(self.study.done - self.bar.n)


def line(sweep: Sweep, study: SweepStudy) -> str:
    """Pruned and failed trials, and the best so far with its parameters."""
    pruned, failed = (len(study.counted(s)) for s in (TrialState.PRUNED, TrialState.FAIL))
    best = best_of(study.optuna, sweep)
    if best is None:
        return f"{pruned} pruned, {failed} failed, none complete yet"
    params = ", ".join(
        f"{key.rpartition('.')[2]} {_short(value)}"
        for key, value in best.user_attrs[PARAMS].items()
    )
    found = ", ".join(
        f"{objective} {value:.4g}"
        for objective, value in zip(sweep.objectives, best.values, strict=True)
    )
    return f"{pruned} pruned, {failed} failed, best {found} ({params})"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
