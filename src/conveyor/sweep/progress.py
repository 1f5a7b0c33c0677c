"""How far the sweep is: one line on a terminal, one log line a trial elsewhere."""

import logging
import sys
from typing import Any

import optuna
from optuna.trial import TrialState
from tqdm import tqdm

from conveyor.config import Sweep
from conveyor.sweep.study import PARAMS, best_of, counted

log = logging.getLogger(__name__)


class Progress:
    """Counts done, pruned and failed trials; tqdm adds the time left."""

    def __init__(self, sweep: Sweep, study: optuna.Study) -> None:
        self.sweep, self.study = sweep, study
        self.bar = tqdm(
            total=sweep.trials, initial=self._done(), unit="trial", disable=None, file=sys.stderr
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:
        self.bar.close()

    def update(self) -> None:
        line = self._line()
        self.bar.set_postfix_str(line)
        self.bar.update(self._done() - self.bar.n)
        if not sys.stderr.isatty():
            log.info("%d/%d trials, %s", self._done(), self.sweep.trials, line)

    def _count(self, *states: TrialState) -> int:
        return sum(trial.state in states for trial in counted(self.study))

    def _done(self) -> int:
        return self._count(TrialState.COMPLETE, TrialState.PRUNED)

    def _line(self) -> str:
        pruned, failed = self._count(TrialState.PRUNED), self._count(TrialState.FAIL)
        best = best_of(self.study, self.sweep.objective)
        if best is None:
            return f"{pruned} pruned, {failed} failed, none complete yet"
        params = ", ".join(
            f"{key.rpartition('.')[2]} {_short(value)}"
            for key, value in best.user_attrs[PARAMS].items()
        )
        found = f"best {self.sweep.objective} {best.value:.4g} ({params})"
        return f"{pruned} pruned, {failed} failed, {found}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
