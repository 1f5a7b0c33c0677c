"""The Optuna study: exact totals, whoever dies, however many drivers work on it."""

import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import SweepConfig
from conveyor.sweep import check
from conveyor.sweep.attributes import (
    ATTEMPT,
    DONE,
    DRIVER,
    ENDED,
    LEADER,
    METRICS,
    OPTUNA_STATE,
    PARAMS,
    REASON,
    TOKEN,
    WARM,
)
from conveyor.sweep.optuna_internals import stored_trial, stored_trials
from conveyor.sweep.protocol import Outcome, State
from conveyor.sweep.queue import Params, TrialQueue, open_counted
from conveyor.sweep.sampling import listed
from conveyor.sweep.space import settings
from conveyor.sweep.storage import Store, SweepError, following, key_of, latest, store

Mode = Literal["lead", "join", "look"]  # look: only reads
FINISHED = "finished"
NO_STUDY = "no sweep of this configuration on these data has begun; run `dvc repro sweep`"


class SweepStudy:
    """One study as one of its drivers sees it.

    Attributes:
        token: names this study, and no earlier one of the same configuration.
        resumed: it was begun before.
        total: trials to complete or prune; fewer than `sweep.trials` where there are no more.
        folder: on this machine, for what trials need to resume.
    """

    def __init__(
        self, scratch: Path, config: SweepConfig, data_digest: str, mode: Mode = "lead"
    ) -> None:
        self.config = config
        self.space = check.parse(config.sweep.space, config)
        self._listed = listed(config.sweep, self.space, config.seed)
        self.total = config.sweep.trials if self._listed is None else len(self._listed)
        self.key = key_of(config, data_digest)
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._store: Store = store(scratch, self.key, config.sweep.storage)
        self._mode = mode
        self.resumed = False

    def __enter__(self) -> "SweepStudy":
        _quiet()
        locks = self._store.locks
        try:
            with locks.exclusive():
                self._open()
                if self._mode != "look":
                    locks.hold(self.name)
        except BaseException:
            self._store.close()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self._store.close()

    @property
    def folder(self) -> Path:
        return self._store.folder / "trials"

    @property
    def token(self) -> str:
        return self.optuna.user_attrs[TOKEN]

    @property
    def exclusive(self) -> Any:
        """The drivers' lock, for what must happen once."""
        return self._store.locks.exclusive

    def counted(self, *states: TrialState) -> list[FrozenTrial]:
        """Trials as an uninterrupted study would have them, in its order."""
        return self.queue.counted(*states)

    @property
    def done(self) -> int:
        return len(self.counted(*DONE))

    @property
    def reached(self) -> bool:
        return self.done >= self.total or self._ended()

    def lives(self, trial: FrozenTrial) -> bool:
        """Whether the driver of a running trial does."""
        return self._store.locks.is_held(trial.user_attrs.get(DRIVER, "nobody"))

    @property
    def url(self) -> str:
        """Where the study is kept, as optuna-dashboard takes it."""
        return self._store.url

    def begin(self) -> tuple[list[int], optuna.Trial | None]:
        """Start the next trial, with its parameters drawn.

        Trials that died with their driver are failed first, and their parameters queued again.

        Returns:
            The numbers of those trials; and the trial, None where enough are under way.

        Raises:
            SweepError: another driver gave the sweep up.
        """
        with self.exclusive():
            if self._ended():
                return [], None
            lost = self._close_dead()
            if len(self.counted(*DONE, TrialState.RUNNING)) >= self.total:
                return lost, None
            trial = self.queue.ask()
            trial.set_user_attr(DRIVER, self.name)
            self.queue.recall(trial)
            trial.set_user_attr(PARAMS, settings(self.space.draw(trial)))
            return lost, trial

    def give_back(self, trial: optuna.Trial) -> None:
        """The machine under a trial went away: its parameters are tried again."""
        with self.exclusive():
            frozen = stored_trial(self.optuna, trial)
            if frozen.state == TrialState.RUNNING:
                self.queue.again(frozen)

    def prunes(self, trial: optuna.Trial, step: int, value: float) -> bool:
        """Note a value; whether the pruner wants no more of the trial."""
        try:
            trial.report(value, step)
        except optuna.exceptions.UpdateFinishedTrialError:
            return True  # another driver had taken this one for dead; `finish` says so
        return trial.should_prune()

    def finish(
        self, trial: optuna.Trial, outcome: Outcome, violations: Mapping[str, float]
    ) -> bool:
        """Record how a trial ended; queue it again if it failed and `sweep.retries` allows.

        Args:
            violations: of each constraint; above 0 where it is broken.

        Returns:
            False where another driver had taken this one for dead: then nothing is recorded.
        """
        with self.exclusive():
            frozen = stored_trial(self.optuna, trial)
            if frozen.state != TrialState.RUNNING:
                return False
            trial.set_user_attr(METRICS, dict(outcome.metrics))
            trial.set_user_attr(REASON, outcome.reason)
            attempt = frozen.user_attrs.get(ATTEMPT, 0)
            if outcome.state is State.FAILED and attempt < self.config.sweep.retries:
                self.queue.again(frozen, attempt + 1)
                return True
            for name, violation in violations.items():
                trial.set_constraint(name, violation)
            values = outcome.values if outcome.state is State.COMPLETE else None
            self.optuna.tell(trial, values, state=OPTUNA_STATE[outcome.state])
            return True

    def outcome(self, trial: FrozenTrial) -> Outcome:
        """How a trial ended, as `finish` recorded it."""
        state = next(ours for ours, optunas in OPTUNA_STATE.items() if optunas == trial.state)
        values = tuple(trial.values) if state is State.COMPLETE else ()
        attrs = trial.user_attrs
        return Outcome(state, values, attrs.get(METRICS, {}), attrs.get(REASON, ""))

    def end(self, reason: str = "") -> None:
        """Nothing is left to go on with: the next sweep is a new one."""
        self.optuna.set_user_attr(ENDED, reason or FINISHED)

    def _open(self) -> None:
        if self._mode == "look" and not self._store.exists():
            raise SweepError(NO_STUDY)
        storage = self._store.open()
        name = latest(storage, self.key)
        attrs = {} if name is None else storage.get_study_user_attrs(
            storage.get_study_id_from_name(name))  # fmt: skip
        if self._mode == "look" and name is None:
            raise SweepError(NO_STUDY)
        if self._mode == "join" and ENDED in attrs:
            raise SweepError("there is no sweep to join: the last one has ended")
        if self._mode == "lead":
            if not self._store.locks.hold("lead"):
                raise SweepError(
                    f"this sweep already runs, as {attrs.get(LEADER, 'another process')}; wait "
                    "for it, stop it, or help it with  python -m pipeline.sweep --join"
                )
            if ENDED in attrs:
                self._store.set_aside()
                storage = self._store.open()
                name = following(self.key, latest(storage, self.key))
                attrs = {}
        self.resumed = TOKEN in attrs
        self.optuna = open_counted(name or self.key, storage, self.config)
        self.queue = TrialQueue(self.optuna, self.config, self.space, self._listed)
        if not self.resumed:
            self.optuna.set_user_attr(TOKEN, f"{self.key}-{uuid.uuid4().hex[:8]}")
        if self._mode == "lead":
            self.optuna.set_user_attr(LEADER, f"process {os.getpid()} on {socket.gethostname()}")

    def warm_start(self, configurations: Callable[[], Sequence[Params]]) -> None:
        """Queue parameters (Optuna's) before anything is proposed; once in a study's life."""
        with self.exclusive():
            if WARM not in self.optuna.user_attrs:
                self.queue.warm_start(configurations()[: self.total])
                self.optuna.set_user_attr(WARM, True)

    def _ended(self) -> bool:
        """Whether the leader has ended the sweep, by its time limit for instance.

        Raises:
            SweepError: it was given up.
        """
        ended = self.optuna.user_attrs.get(ENDED)
        if ended and ended != FINISHED:
            raise SweepError(f"another driver has ended this sweep: {ended}")
        return bool(ended)

    def _close_dead(self) -> list[int]:
        running = stored_trials(self.optuna, TrialState.RUNNING)
        dead = [trial for trial in running if not self.lives(trial)]
        for trial in dead:
            self.queue.again(trial)
        return [trial.number for trial in dead]


def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
