"""The driver of a sweep: starts trials, prunes them, records how they end."""

import logging
import math
import shutil
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from optuna.trial import TrialState

from conveyor.sweep import events
from conveyor.sweep.attributes import PARAMS, REASON, REPEATS, compute_violations, identify_trial
from conveyor.sweep.protocol import ONGOING, Executor, Message, Metrics, State, TrialOutcome
from conveyor.sweep.report.progress import Progress
from conveyor.sweep.running_trial import RunningTrial
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy
from conveyor.sweep.worker_slots import WorkerSlots

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5  # between checks of the time limits, and of the study where no trial is wanted
DRIVER_DIED = "its driver died, and the trial with it; its parameters are tried again"


class Driver:
    """Runs trials of one study until its total of completed and pruned trials is reached.

    `sweep.workers` trials run at once, and a slot is refilled as soon as it is free. Several
    drivers may share one study; each reports its own trials to its own observer.
    """

    def __init__(self, study: SweepStudy, executor: Executor, observer: events.Observer) -> None:
        self.study, self.sweep = study, study.config.sweep
        self.executor, self.observer = executor, observer
        self.running: dict[Any, RunningTrial] = {}  # by the executor's handle
        self.slots = WorkerSlots(self.sweep.workers)
        self.started = time.monotonic()
        self._polled = 0.0  # when the study last had no trial to start

    def run(self) -> None:
        """Run trials until the total or a limit is reached.

        Raises:
            SweepError: more than `sweep.max_failed_share` of the trials failed.
        """
        with closing(Progress(self.study)) as self.progress, closing(self.executor):
            while True:
                self._fill_slots()
                if not self.running and (self.study.is_complete or self._is_time_up()):
                    return
                for handle, message in self.executor.events(POLL_SECONDS):
                    self._handle(handle, message)
                self._enforce_trial_time_limit()
                self._enforce_failure_limit()
                self.progress.refresh()

    def _is_time_up(self) -> bool:
        return time.monotonic() - self.started > (self.sweep.time_limit or math.inf)

    def _fill_slots(self) -> None:
        """Start trials in free slots, unless the study had none to start a moment ago."""
        while (
            self.slots.free
            and not self._is_time_up()
            and time.monotonic() - self._polled > POLL_SECONDS
        ):
            dead, trial = self.study.start_trial()
            for dead_trial in dead:
                outcome = TrialOutcome(State.FAILED, reason=DRIVER_DIED)
                self.observer.observe(events.TrialFinished(dead_trial, outcome))
            if trial is None:
                self._polled = time.monotonic()
                self.slots.stop_idle_clocks()
                return
            results = [dict(result) for result in trial.user_attrs.get(REPEATS, [])]
            running = RunningTrial(trial, identify_trial(trial), self.slots.take(), results)
            started = self._start_repeat(running)  # before MLflow is written: both run at once
            self.observer.observe(events.TrialStarted(running.id, trial.user_attrs[PARAMS]))
            if not started:
                self._finish(running, running.completed(self.sweep.objectives))

    def _start_repeat(self, running: RunningTrial) -> bool:
        """Start the next repeat of a trial. Returns False if all are completed."""
        if len(running.results) >= self.sweep.repeats.count:
            return False
        running.started = math.inf  # until it says that it began
        running.latest_metrics = {}
        job = running.next_job(self.study.config, self.executor.prepared, self.study.folder)
        self.running[self.executor.start(job)] = running
        return True

    def _handle(self, handle: Any, message: Message) -> None:
        """Handle one message of a trial; see `protocol.Executor`."""
        running = self.running[handle]
        if message[0] not in ONGOING:
            self.running.pop(handle)
            self.executor.stop(handle)
        match message:
            case ("began", _, _):
                running.started = time.monotonic()
            case ("timed", seconds, updates):
                self.progress.estimate(running, seconds, updates)
            case ("validation", validation, metrics):
                proceed = self._record_validation(running, validation, metrics)
                self.executor.answer(handle, proceed=proceed)
            case ("done", metrics, waited):
                self.slots.add_waiting_time(waited)
                self._complete_repeat(running, metrics)
            case ("pruned", _, waited):
                self.slots.add_waiting_time(waited)
                self._finish(running, running.pruned(self.sweep.objectives[0]))
            case ("lost", reason, _):
                self._requeue(running, reason)
            case (_, reason, _):
                self._finish(running, TrialOutcome(State.FAILED, reason=reason))

    def _requeue(self, running: RunningTrial, reason: str) -> None:
        """Queue a trial again whose machine went away."""
        self.slots.release(running.slot)
        self.study.requeue(running.trial)
        outcome = TrialOutcome(State.FAILED, reason=f"{reason}; its parameters are tried again")
        log.warning("trial %s: %s", running.id, outcome.reason)
        self.observer.observe(events.TrialFinished(running.id, outcome))

    def _record_validation(self, running: RunningTrial, validation: int, metrics: Metrics) -> bool:
        """Record the metrics of a validation. Returns whether the trial shall proceed."""
        repeat = len(running.results)
        running.latest_metrics |= metrics
        self.observer.observe(events.ValidationReported(running.id, repeat, validation, metrics))
        if validation == 0:
            excess = compute_violations(self.sweep.constraints, metrics)
            running.violated = next((text for text, over in excess.items() if over > 0), "")
            return not running.violated
        objective, *others = self.sweep.objectives
        if repeat or others or self.sweep.pruner.name == "wilcoxon":
            return True  # pruners judge by one objective, and that one by repeats
        value = metrics.get(objective)  # None for one that is measured at the end
        if value is None or not math.isfinite(value):
            return True  # the trial fails by itself, with the validation and the learning rate
        return not self.study.should_prune(running.trial, validation, value)

    def _complete_repeat(self, running: RunningTrial, metrics: Mapping[str, float]) -> None:
        """Record a completed repeat; then start the next one, prune the trial or finish it."""
        objectives = self.sweep.objectives
        for objective in objectives:
            value = metrics.get(objective)
            if value is None or not math.isfinite(value):
                reason = f"{objective} is {value}, not a finite number"
                self._finish(running, TrialOutcome(State.FAILED, reason=reason))
                return
        repeat, count = len(running.results), self.sweep.repeats.count
        running.results.append(dict(metrics))
        if count > 1:
            self.observer.observe(events.RepeatFinished(running.id, repeat, metrics))
        if self.sweep.pruner.name == "wilcoxon":
            prune = self.study.should_prune(running.trial, repeat, metrics[objectives[0]])
            if prune and repeat + 1 < count:
                self._finish(running, running.pruned(objectives[0]))
                return
        if count > 1:  # after the pruner, so that a repeat which a kill leaves unjudged runs again
            running.trial.set_user_attr(REPEATS, running.results)
        if not self._start_repeat(running):
            self._finish(running, running.completed(objectives))

    def _finish(self, running: RunningTrial, outcome: TrialOutcome) -> None:
        """Record how a trial ended, and start the next one in its slot."""
        self.slots.release(running.slot)
        self._polled = 0.0
        metrics = {**running.latest_metrics, **outcome.metrics}
        excess = compute_violations(self.sweep.constraints, metrics)
        if not self.study.finish(running.trial, outcome, excess):
            log.warning("trial %s: not recorded, since another driver runs it now", running.id)
            return
        try:
            # After a failure, the share of failures is checked first.
            if outcome.state is not State.FAILED:
                self._fill_slots()
        finally:
            self.observer.observe(events.TrialFinished(running.id, outcome))
        shutil.rmtree(running.folder(self.study.folder), ignore_errors=True)
        if outcome.state is State.FAILED:
            last_line = outcome.reason.strip().splitlines()[-1]
            log.warning("trial %s failed: %s", running.id, last_line)
        self.progress.update()

    def _enforce_trial_time_limit(self) -> None:
        limit = self.sweep.trial_time_limit or math.inf
        for handle, running in list(self.running.items()):
            if time.monotonic() - running.started > limit:
                reason = f"stopped after sweep.trial_time_limit, {limit:g} s"
                self._handle(handle, ("failed", reason, None))

    def _enforce_failure_limit(self) -> None:
        failed = self.study.counted(TrialState.FAIL)
        if len(failed) > self.sweep.max_failed_share * self.study.total:
            last = failed[-1]
            raise SweepError(
                f"{len(failed)} trials failed, more than sweep.max_failed_share "
                f"({self.sweep.max_failed_share:g}) of {self.study.total}; the last one, "
                f"{last.user_attrs.get(PARAMS)}: {last.user_attrs.get(REASON, '').strip()}"
            )
