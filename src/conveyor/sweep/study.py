"""The Optuna study of a sweep. Its total is exact, however many drivers work on it and die."""

import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import SweepConfig
from conveyor.sweep import attributes, check
from conveyor.sweep.optuna_internals import stored_trial, stored_trials
from conveyor.sweep.protocol import State, TrialId, TrialOutcome, TrialOutcomes
from conveyor.sweep.queue import Params, TrialQueue, open_study
from conveyor.sweep.sampling import list_configurations
from conveyor.sweep.space import join_settings
from conveyor.sweep.storage import (
    SweepError,
    find_latest_study,
    make_store,
    new_study_name,
    study_key,
)

Mode = Literal["lead", "join", "read"]  # read: change nothing
FINISHED = "finished"
NO_STUDY = "no sweep of this configuration on these data has begun. Run `dvc repro sweep`."


class SweepStudy:
    """One study, as one of its drivers sees it.

    Args:
        dataset: name of the data set, for that of a new study; None: the project's name.

    Attributes:
        token: names this study, and no earlier one of the same configuration.
        total: trials to complete or prune; fewer than `sweep.trials` if the sampler lists fewer.
        folder: on this machine, what trials resume from.
        url: where the study is stored, as optuna-dashboard takes it.

    Raises:
        SweepError: on entering it: another process leads this sweep; there is no study to read;
            or the study to join has ended.
    """

    def __init__(
        self,
        scratch: Path,
        config: SweepConfig,
        data_digest: str,
        mode: Mode = "lead",
        *,
        dataset: str | None = None,
    ) -> None:
        self.config, self.data_digest, self.dataset = config, data_digest, dataset or config.name
        self.space = check.parse(config)
        self._listed = list_configurations(config.sweep, self.space, config.seed)
        self.total = config.sweep.wanted if self._listed is None else len(self._listed)
        self.key = study_key(config, data_digest)
        self.driver = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._store = make_store(scratch, self.key, config.sweep.storage)
        self.folder, self.url = self._store.folder / "trials", self._store.url
        self._mode = mode

    def __enter__(self) -> "SweepStudy":
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        locks = self._store.locks
        try:
            with locks.exclusive():
                self._open()
                if self._mode != "read":
                    locks.hold(self.driver)
        except BaseException:
            locks.release_all()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self._store.locks.release_all()

    @property
    def token(self) -> str:
        return self.optuna.user_attrs[attributes.TOKEN]

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the drivers' lock, for what one driver at a time may do."""
        return self._store.locks.exclusive()

    def counted(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials that an uninterrupted study would have, in its order."""
        return self.queue.counted(*states)

    @property
    def outcomes(self) -> TrialOutcomes:
        """How each ended trial ended."""
        trials = self.counted(*attributes.STATES)
        return {attributes.identify_trial(t): attributes.read_outcome(t) for t in trials}

    @property
    def done(self) -> int:
        """How many trials are completed or pruned."""
        return len(self.counted(*attributes.DONE))

    @property
    def is_complete(self) -> bool:
        """Whether the total is reached, or the leader has ended the sweep."""
        return self.done >= self.total or self._has_ended()

    def has_living_driver(self, trial: FrozenTrial) -> bool:
        """Return whether the driver of a running trial is alive."""
        return self._store.locks.is_held(trial.user_attrs.get(attributes.DRIVER, "nobody"))

    def warm_start(self, configurations: Callable[[], Sequence[Params]]) -> None:
        """Queue Optuna's parameters before anything is proposed, once in a study's life."""
        with self.exclusive():
            if attributes.WARM not in self.optuna.user_attrs:
                self.queue.warm_start(configurations()[: self.total])
                self.optuna.set_user_attr(attributes.WARM, True)

    def start_trial(self) -> tuple[list[TrialId], optuna.Trial | None]:
        """Start the next trial and draw its parameters.

        Running trials whose driver has died are failed first, and queued again.

        Returns:
            Those trials; and the new trial, or None if enough are running.

        Raises:
            SweepError: another driver has ended the sweep by an error.
        """
        with self.exclusive():
            if self._has_ended():
                return [], None
            requeued = self._requeue_trials_of_dead_drivers()
            if len(self.counted(*attributes.DONE, TrialState.RUNNING)) >= self.total:
                return requeued, None
            trial = self.queue.ask()
            trial.set_user_attr(attributes.DRIVER, self.driver)
            self.queue.restore_values(trial)
            trial.set_user_attr(attributes.PARAMS, join_settings(self.space.draw(trial)))
            return requeued, trial

    def requeue(self, trial: optuna.Trial) -> None:
        """Queue a trial again that lost the machine it ran on."""
        with self.exclusive():
            stored = stored_trial(self.optuna, trial)
            if stored.state == TrialState.RUNNING:
                self.queue.requeue(stored)

    def should_prune(self, trial: optuna.Trial, step: int, value: float) -> bool:
        """Record a value of a trial, and return whether the pruner stops the trial."""
        try:
            trial.report(value, step)
        except optuna.exceptions.UpdateFinishedTrialError:
            return True  # another driver took this driver for dead; `finish` returns False then
        return trial.should_prune()

    def finish(
        self, trial: optuna.Trial, outcome: TrialOutcome, violations: Mapping[str, float]
    ) -> bool:
        """Record how a trial ended; queue it again if it failed and `sweep.retries` allows.

        Args:
            violations: by how much each constraint is violated; 0 or less where it is met.

        Returns:
            False if another driver took this driver for dead and queued the trial again; nothing
            is recorded then.
        """
        with self.exclusive():
            stored = stored_trial(self.optuna, trial)
            if stored.state != TrialState.RUNNING:
                return False
            trial.set_user_attr(attributes.METRICS, dict(outcome.metrics))
            trial.set_user_attr(attributes.REASON, outcome.reason)
            failures = stored.user_attrs.get(attributes.FAILURES, 0)
            if outcome.state is State.FAILED and failures < self.config.sweep.retries:
                self.queue.requeue(stored, failed=True)
                return True
            for name, violation in violations.items():
                trial.set_constraint(name, violation)
            values = outcome.values if outcome.state is State.COMPLETE else None
            self.optuna.tell(trial, values, state=attributes.OPTUNA_STATE[outcome.state])
            return True

    def end(self, reason: str = "") -> None:
        """End the study: the next sweep starts a new one.

        Args:
            reason: the error that ended it; empty if it has finished.
        """
        self.optuna.set_user_attr(attributes.ENDED, reason or FINISHED)

    def _open(self) -> None:
        """Open the newest study, or create one; the caller holds the drivers' lock."""
        if self._mode == "read" and not self._store.exists():
            raise SweepError(NO_STUDY)
        self._load()
        has_ended = attributes.ENDED in self.optuna.user_attrs
        if self._mode == "join" and has_ended:
            raise SweepError("there is no sweep to join: the latest one has ended")
        if self._mode == "lead":
            if not self._store.locks.hold("lead"):
                leader = self.optuna.user_attrs.get(attributes.LEADER, "another process")
                raise SweepError(
                    f"this sweep already runs, as {leader}. Wait for it, stop it, or join it with  "
                    "python -m pipeline.sweep --join"
                )
            if has_ended:
                self._store.set_aside()
                self._load(new=True)
            leader = f"process {os.getpid()} on {socket.gethostname()}"
            self.optuna.set_user_attr(attributes.LEADER, leader)
            self.optuna.set_metric_names(list(self.config.sweep.objectives))
        if attributes.TOKEN not in self.optuna.user_attrs:
            self.optuna.set_user_attr(attributes.TOKEN, f"{self.key}-{uuid.uuid4().hex[:8]}")
        self.queue = TrialQueue(self.optuna, self.config, self.space, self._listed)

    def _load(self, *, new: bool = False) -> None:
        """Open the newest study of this key, or create its next one."""
        storage = self._store.open()
        number, name = find_latest_study(storage, self.key)
        if self._mode == "read" and not name:
            raise SweepError(NO_STUDY)
        if new or not name:
            name = new_study_name(self.dataset, self.key, number + 1)
        self.optuna = open_study(name, storage, self.config)

    def _has_ended(self) -> bool:
        """Return whether the leader has ended the sweep, for instance by its time limit.

        Raises:
            SweepError: it ended by an error.
        """
        ended = self.optuna.user_attrs.get(attributes.ENDED)
        if ended and ended != FINISHED:
            raise SweepError(f"another driver has ended this sweep: {ended}")
        return bool(ended)

    def _requeue_trials_of_dead_drivers(self) -> list[TrialId]:
        running = stored_trials(self.optuna, TrialState.RUNNING)
        dead = [trial for trial in running if not self.has_living_driver(trial)]
        for trial in dead:
            self.queue.requeue(trial)
        return [attributes.identify_trial(trial) for trial in dead]
