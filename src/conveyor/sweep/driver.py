"""The sweep's driver: asks the study, starts trials, prunes, counts, survives them all."""

import logging
import math
import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

from optuna.trial import TrialState

from conveyor.config import EPOCHWISE, FitConfig, SweepConfig, narrow, overlay
from conveyor.sweep.attributes import ATTEMPT, PARAMS, POSITION, REASON, REPEATS, violations
from conveyor.sweep.protocol import Executor, Metrics, Observer, Outcome, State, TrialJob
from conveyor.sweep.report.progress import Progress
from conveyor.sweep.running_trial import Running
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy
from conveyor.sweep.worker_slots import Slots

log = logging.getLogger(__name__)

TICK = 0.5  # seconds between looks at the clock, and at other drivers, while nothing happens
TAKEN = "its driver died, and the trial with it; its parameters are tried again"


class Driver:
    """Works on one study until its exact total of completed and pruned trials is reached.

    `sweep.workers` trials run at once, and a slot is refilled as soon as it is free. Drivers of
    one study share it; each tells its own observer of its own trials.

    Args:
        prepared: folder of the prepared data.
    """

    def __init__(
        self, config: SweepConfig, study: SweepStudy, prepared: str, executor: Executor,
        observer: Observer,
    ) -> None:  # fmt: skip
        self.config, self.sweep, self.study = config, config.sweep, study
        self.prepared, self.executor, self.observer = prepared, executor, observer
        self.running: dict[Any, Running] = {}  # by the executor's handle
        self.slots = Slots(self.sweep.workers)
        self.began = time.monotonic()
        self._looked = 0.0

    def run(self) -> None:
        """Run until the total, or a limit, is reached.

        Raises:
            SweepError: more than `sweep.max_failed_share` of the trials failed.
        """
        with Progress(self.sweep, self.study) as self.progress:
            try:
                while True:
                    self._refill()
                    if not self.running and (self.study.reached or self._late()):
                        return
                    self._handle_events()
                    self._enforce_time_limit()
                    self._stop_if_hopeless()
                    self.progress.refresh()
            finally:
                self.executor.close()

    def _late(self) -> bool:
        limit = self.sweep.time_limit
        return limit is not None and time.monotonic() - self.began > limit

    def _refill(self) -> None:
        """Start trials in free slots; look no more than every TICK for work that isn't there."""
        while self.slots.free and not self._late() and time.monotonic() - self._looked > TICK:
            lost, trial = self.study.begin()
            for number in lost:
                self.observer.trial_finished(number, Outcome(State.FAILED, (), {}, TAKEN))
            if trial is None:
                self._looked = time.monotonic()
                self.slots.rest()
                return
            results = [dict(result) for result in trial.user_attrs.get(REPEATS, [])]
            running = Running(trial, self.slots.take(), results)
            started = self._started(running)  # first of all: the trial loads while we write
            self.observer.trial_started(trial.number, trial.user_attrs[PARAMS])
            if not started:
                self._complete(running)

    def _started(self, running: Running) -> bool:
        """Start the next repeat of a trial, if any is left."""
        if len(running.results) >= self.sweep.repeats.count:
            return False
        running.began = math.inf if self.executor.queues else time.monotonic()
        running.known = {}
        self.running[self.executor.start(self._job(running))] = running
        return True

    def _complete(self, running: Running) -> None:
        self._finished(running, running.complete(self.sweep.objectives))

    def _job(self, running: Running) -> TrialJob:
        repeat, attrs = len(running.results), running.trial.user_attrs
        changes: dict[str, Any] = dict(attrs[PARAMS])
        folds = self.sweep.repeats.by == "folds"
        if not folds:
            changes["seed"] = self.config.seed + repeat
        gpus, workers = self.sweep.gpus, self.sweep.workers
        cores = os.cpu_count() or 1
        return TrialJob(
            number=running.trial.number,
            config=overlay(narrow(self.config, FitConfig), changes, origin="sweep.space"),
            prepared=self.prepared,
            scratch=str(self._scratch(running, f"repeat-{repeat}")),
            fold=(repeat, self.sweep.repeats.count) if folds else None,
            threads=max(1, cores // workers),
            gpu=str(gpus[running.slot % len(gpus)]) if gpus else None,
            latency="latency_ms" in " ".join([*self.sweep.objectives, *self.sweep.constraints]),
        )

    def _scratch(self, running: Running, name: str = "") -> Any:
        attrs = running.trial.user_attrs
        return self.study.folder / f"{attrs[POSITION]}-{attrs.get(ATTEMPT, 0)}" / name

    def _handle_events(self) -> None:
        for handle, (kind, content, more) in self.executor.events(TICK):
            running = self.running[handle]
            if kind == "began":
                running.began = time.monotonic()
                continue
            if kind == "epoch":
                go = self._reported(running, content, more)
                self.executor.answer(handle, go=go)
                continue
            self._release(handle)
            if kind in ("done", "pruned"):
                self.slots.waited(more)
            if kind == "lost":
                self.slots.release(running.slot)
                self.study.give_back(running.trial)
                outcome = Outcome(State.FAILED, (), {}, f"{content}; its parameters run again")
                log.warning("trial %d: %s", running.trial.number, outcome.reason)
                self.observer.trial_finished(running.trial.number, outcome)
            elif kind == "done":
                self._repeated(running, content)
            elif kind == "pruned":
                self._finished(running, running.pruned(self.sweep.objectives[0]))
            else:
                self._finished(running, Outcome(State.FAILED, (), {}, str(content)))

    def _release(self, handle: Any) -> None:
        self.running.pop(handle)
        self.executor.stop(handle)

    def _reported(self, running: Running, epoch: int, metrics: Metrics) -> bool:
        """Note one epoch. Returns whether the trial shall go on."""
        repeat, number = len(running.results), running.trial.number
        running.known |= metrics
        self.observer.trial_reported(number, repeat, epoch, metrics)
        if epoch == 0:
            broken = violations(self.sweep.constraints, metrics)
            running.broken = next((text for text, over in broken.items() if over > 0), "")
            return not running.broken
        (objective, *others) = self.sweep.objectives
        value = metrics.get(objective)
        if others or repeat or objective not in EPOCHWISE or self.sweep.pruner.name == "wilcoxon":
            return True
        if value is None or not math.isfinite(value):
            return True  # the trial's own guard names the epoch and the learning rate
        return not self.study.prunes(running.trial, epoch, value)

    def _repeated(self, running: Running, metrics: Mapping[str, float]) -> None:
        """One repeat came to its end: go on, prune, or end the trial."""
        values = [metrics.get(objective) for objective in self.sweep.objectives]
        for objective, value in zip(self.sweep.objectives, values, strict=True):
            if value is None or not math.isfinite(value):
                reason = f"{objective} is {value}, not a finite number"
                self._finished(running, Outcome(State.FAILED, (), {}, reason))
                return
        repeat, count = len(running.results), self.sweep.repeats.count
        running.results.append(dict(metrics))
        if count > 1:
            self.observer.repeat_finished(running.trial.number, repeat, metrics)
        if self.sweep.pruner.name == "wilcoxon":
            worse = self.study.prunes(running.trial, repeat, values[0] or 0.0)
            if worse and repeat + 1 < count:
                self._finished(running, running.pruned(self.sweep.objectives[0]))
                return
        if count > 1:  # kept once judged: a repeat that a kill leaves unjudged is run again
            running.trial.set_user_attr(REPEATS, running.results)
        if not self._started(running):
            self._complete(running)

    def _finished(self, running: Running, outcome: Outcome) -> None:
        trial = running.trial
        self.slots.release(running.slot)
        self._looked = 0.0
        broken = violations(self.sweep.constraints, {**running.known, **outcome.metrics})
        if not self.study.finish(trial, outcome, broken):
            log.warning("trial %d: another driver took it over; its end is left out", trial.number)
            return
        try:
            if outcome.state is not State.FAILED:  # after too many of those none is to start
                self._refill()
        finally:
            self.observer.trial_finished(trial.number, outcome)
        shutil.rmtree(self._scratch(running), ignore_errors=True)
        if outcome.state is State.FAILED:
            last_line = outcome.reason.strip().splitlines()[-1]
            log.warning("trial %d failed: %s", trial.number, last_line)
        self.progress.update()

    def _enforce_time_limit(self) -> None:
        limit = self.sweep.trial_time_limit
        for handle, running in list(self.running.items()):
            if limit is not None and time.monotonic() - running.began > limit:
                self._release(handle)
                reason = f"stopped after sweep.trial_time_limit, {limit:g} s"
                self._finished(running, Outcome(State.FAILED, (), {}, reason))

    def _stop_if_hopeless(self) -> None:
        failed = self.study.counted(TrialState.FAIL)
        if len(failed) > self.sweep.max_failed_share * self.study.total:
            last = failed[-1]
            raise SweepError(
                f"{len(failed)} trials failed, more than sweep.max_failed_share "
                f"({self.sweep.max_failed_share:g}) of {self.study.total}; the last one, "
                f"{last.user_attrs.get(PARAMS)}: {last.user_attrs.get(REASON, '').strip()}"
            )
