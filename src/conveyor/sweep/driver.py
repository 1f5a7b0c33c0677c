"""The sweep's driver: asks the study, starts trials, prunes, counts, survives them all."""

import logging
import math
import os
import time
from collections.abc import Mapping
from multiprocessing.connection import wait
from typing import Any

import optuna
from optuna.trial import TrialState

from conveyor.config import Config, overlay
from conveyor.config.load import dump
from conveyor.sweep import space as spaces
from conveyor.sweep.process import TrialProcess, forkserver
from conveyor.sweep.progress import Progress
from conveyor.sweep.protocol import Metrics, Observer, Outcome, State, TrialJob
from conveyor.sweep.study import (
    INTERRUPTED,
    METRICS,
    PARAMS,
    REASON,
    SweepError,
    ask,
    best_of,
    close_interrupted,
    counted,
)

log = logging.getLogger(__name__)

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
TICK = 0.5  # seconds between looks at the clock while nothing happens


class Driver:
    """Runs one study to its exact total of completed and pruned trials.

    `sweep.workers` trials run at once, and a slot is refilled as soon as it is free. The driver
    alone writes to the study and tells the observer.
    """

    def __init__(
        self, config: Config, study: optuna.Study, prepared: str, function: str, observer: Observer
    ) -> None:
        self.config, self.study, self.prepared = config, study, prepared
        self.function, self.observer = function, observer
        self.space = spaces.parse(config.sweep.space)
        self.running: dict[TrialProcess, optuna.Trial] = {}
        self.last: dict[int, Metrics] = {}  # newest metrics of each running trial
        self.began = time.monotonic()
        self._context = forkserver(function)

    def run(self) -> None:
        """Run until the total, or a limit, is reached.

        Raises:
            SweepError: more than `sweep.max_failed_share` of the trials failed, or none completed.
        """
        for number in close_interrupted(self.study):
            reason = "the sweep's driver died, and the trial with it; its parameters run again"
            self.observer.trial_finished(number, Outcome(State.FAILED, None, {}, reason))
        with Progress(self.config.sweep, self.study) as self.progress:
            try:
                while self._refill() or self.running:
                    self._handle_events()
                    self._enforce_time_limit()
                    self._stop_if_hopeless()
            finally:
                for process in self.running:
                    process.close()
        if best_of(self.study, self.config.sweep.objective) is None:
            raise SweepError(f"no trial completed; {self._last_failure()}")

    def _refill(self) -> bool:
        """Start trials into free slots. Returns whether any was started."""
        sweep, started = self.config.sweep, False
        while len(self.running) < sweep.workers and self._wanted() > 0:
            self._start()
            started = True
        return started

    def _wanted(self) -> int:
        """Trials that the total still lacks and that may start now."""
        limit = self.config.sweep.time_limit
        if limit is not None and time.monotonic() - self.began > limit:
            return 0
        done = sum(t.state in DONE for t in counted(self.study))
        return self.config.sweep.trials - done - len(self.running)

    def _start(self) -> None:
        trial = ask(self.study, self.config)
        params = spaces.draw(trial, self.space)
        trial.set_user_attr(PARAMS, params)
        self.observer.trial_started(trial.number, params)
        base = Config.model_construct(
            **{key: getattr(self.config, key) for key in ("name", "seed", "model", "train")}
        )
        job = TrialJob(
            number=trial.number,
            config=dump(overlay(base, params, origin="sweep.space")),
            prepared=self.prepared,
            threads=self._threads(),
        )
        self.running[TrialProcess(self._context, self.function, job)] = trial

    def _threads(self) -> int | None:
        workers = self.config.sweep.workers
        return None if workers == 1 else max(1, (os.cpu_count() or 1) // workers)

    def _handle_events(self) -> None:
        by_connection = {process.connection: process for process in self.running}
        for ready in wait(list(by_connection), timeout=TICK):
            process = by_connection[ready]  # type: ignore[index]
            kind, content, metrics = process.receive()
            if kind == "epoch":
                process.answer(go=self._reported(process, content, metrics))
            else:
                self._finished(process, self._outcome(process, kind, content))

    def _reported(self, process: TrialProcess, epoch: int, metrics: Metrics) -> bool:
        """Note one epoch. Returns whether the trial shall go on."""
        trial = self.running[process]
        self.last[trial.number] = metrics
        self.observer.trial_reported(trial.number, epoch, metrics)
        value = metrics.get(self.config.sweep.objective)
        if value is None or not math.isfinite(value):
            return True  # the trial's own guard names the epoch and the learning rate
        trial.report(value, epoch)
        return not trial.should_prune()

    def _outcome(self, process: TrialProcess, kind: str, content: Any) -> Outcome:
        objective = self.config.sweep.objective
        if kind == "failed":
            return Outcome(State.FAILED, None, {}, str(content))
        if kind == "pruned":
            last = self.last[self.running[process].number]
            return Outcome(State.PRUNED, last[objective], last, "")
        value = content.get(objective)
        if value is None or not math.isfinite(value):
            return Outcome(State.FAILED, None, {}, f"{objective} is {value}, not a finite number")
        return Outcome(State.COMPLETE, value, content, "")

    def _finished(self, process: TrialProcess, outcome: Outcome) -> None:
        trial = self.running.pop(process)
        process.close()
        self.last.pop(trial.number, None)
        trial.set_user_attr(METRICS, dict(outcome.metrics))
        trial.set_user_attr(REASON, outcome.reason)
        told = {
            State.COMPLETE: TrialState.COMPLETE,
            State.PRUNED: TrialState.PRUNED,
            State.FAILED: TrialState.FAIL,
        }[outcome.state]
        values = outcome.value if outcome.state is State.COMPLETE else None
        self.study.tell(trial, values, state=told)
        self.observer.trial_finished(trial.number, outcome)
        if outcome.state is State.FAILED:
            last_line = outcome.reason.strip().splitlines()[-1]
            log.warning("trial %d failed: %s", trial.number, last_line)
        self.progress.update()

    def _enforce_time_limit(self) -> None:
        limit = self.config.sweep.trial_time_limit
        for process in list(self.running):
            if limit is not None and time.monotonic() - process.started > limit:
                reason = f"stopped after sweep.trial_time_limit, {limit:g} s"
                self._finished(process, Outcome(State.FAILED, None, {}, reason))

    def _stop_if_hopeless(self) -> None:
        sweep = self.config.sweep
        failed = sum(t.state == TrialState.FAIL for t in counted(self.study))
        if failed > sweep.max_failed_share * sweep.trials:
            raise SweepError(
                f"{failed} trials failed, more than sweep.max_failed_share "
                f"({sweep.max_failed_share:g}) of {sweep.trials}; {self._last_failure()}"
            )

    def _last_failure(self) -> str:
        failed = [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.FAIL]
        told = [t for t in failed if not t.user_attrs.get(INTERRUPTED)]
        if not told:
            return "no trial was given the time to end; raise sweep.time_limit"
        params: Mapping[str, Any] = told[-1].user_attrs.get(PARAMS, {})
        return f"the last one, {params}: {told[-1].user_attrs.get(REASON, '').strip()}"
