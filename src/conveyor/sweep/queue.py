"""Trials that wait, in the order of an uninterrupted study."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import SweepConfig
from conveyor.sweep.attributes import AGAIN, ATTEMPT, DIRECTION, PARAMS, POSITION, REPEATS
from conveyor.sweep.optuna_internals import CountedStudy, close_as_queued_again, stored_trials
from conveyor.sweep.sampling import pruner_of, sampler_of
from conveyor.sweep.space import Space

Params = Mapping[str, Any]  # Optuna's, by name


def open_counted(name: str, storage: BaseStorage, config: SweepConfig) -> CountedStudy:
    """The study of this name, begun if there is none."""
    directions: Any = [DIRECTION[objective] for objective in config.sweep.objectives]
    optuna.create_study(
        study_name=name, storage=storage, directions=directions, load_if_exists=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return CountedStudy(name, storage, pruner=pruner_of(config.sweep.pruner, config.train))


class TrialQueue:
    """The trials of one study; who calls holds the drivers' lock.

    Args:
        listed: parameters by position, for samplers that do not draw.
    """

    def __init__(
        self,
        study: optuna.Study,
        config: SweepConfig,
        space: Space,
        listed: Sequence[Params] | None,
    ) -> None:
        self._study, self._config, self._space, self._listed = study, config, space, listed

    def counted(self, *states: TrialState) -> list[FrozenTrial]:
        """Trials as an uninterrupted study would have them, in its order."""
        trials = self._study.get_trials(deepcopy=False, states=states or None)
        return sorted(trials, key=lambda t: t.user_attrs[POSITION])

    def warm_start(self, configurations: Sequence[Params]) -> None:
        """Queue parameters at the first positions; safe to be killed in and begun anew."""
        queued = len(self.counted())
        for position, params in enumerate(configurations):
            if position >= queued:
                self.add(params, {POSITION: position})

    def ask(self) -> optuna.Trial:
        """Begin a trial, proposed as if the study had never been interrupted (see `sampling`).

        Each trial is queued with its position first, so that it never runs without one.
        """
        waiting = self.counted(TrialState.WAITING)
        if not waiting:
            position = len(self.counted())
            self.add(self._listed[position] if self._listed else {}, {POSITION: position})
            waiting = self.counted(TrialState.WAITING)
        position = waiting[0].user_attrs[POSITION]
        config = self._config
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = sampler_of(config.sweep, self._space, config.seed, position)
        return self._study.ask()

    def again(self, trial: FrozenTrial, attempt: int | None = None) -> None:
        """Queue a running trial's parameters again, then close it as failed."""
        position, attrs = trial.user_attrs[POSITION], trial.user_attrs
        waiting = {t.user_attrs[POSITION] for t in self.counted(TrialState.WAITING)}
        if position not in waiting and not attrs.get(AGAIN):
            # Before all parameters are drawn there are none to repeat: they are drawn anew.
            params = trial.params if PARAMS in attrs else trial.system_attrs.get("fixed_params", {})
            kept = {key: attrs[key] for key in (ATTEMPT, REPEATS) if key in attrs}
            self.add(params, {POSITION: position, **(kept if attempt is None else
                                                        {ATTEMPT: attempt})})  # fmt: skip
        close_as_queued_again(self._study, trial)

    def recall(self, trial: optuna.Trial) -> None:
        """Repeats that an interrupted trial had finished are not run again: take up its values."""
        if not trial.user_attrs.get(REPEATS):
            return
        position = trial.user_attrs[POSITION]
        earlier = [
            other for other in stored_trials(self._study)
            if other.user_attrs[POSITION] == position and other.intermediate_values
        ]  # fmt: skip
        for step, value in earlier[-1].intermediate_values.items() if earlier else ():
            trial.report(value, step)

    def add(self, params: Params, attrs: Mapping[str, Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.enqueue_trial(dict(params), user_attrs=dict(attrs))
