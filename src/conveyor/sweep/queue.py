"""The trials of a study that wait to be run, in the order of an uninterrupted study."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import SweepConfig
from conveyor.sweep.attributes import AGAIN, ATTEMPT, FAILURES, PARAMS, POSITION, REPEATS
from conveyor.sweep.optuna_internals import CountedStudy, close_as_queued_again, stored_trials
from conveyor.sweep.sampling import SAMPLERS, make_pruner
from conveyor.sweep.space import Space
from conveyor.tasks.objectives import objectives

Params = dict[str, Any]  # Optuna's parameters by name


def open_study(name: str, storage: BaseStorage, config: SweepConfig) -> CountedStudy:
    """Open the study of this name, and create it if it is missing."""
    optunas = {"lower": StudyDirection.MINIMIZE, "higher": StudyDirection.MAXIMIZE}
    directions = [optunas[objectives()[name]] for name in config.sweep.objectives]
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.create_study(
        study_name=name, storage=storage, directions=directions, load_if_exists=True
    )
    return CountedStudy(name, storage, pruner=make_pruner(config.sweep.pruner, config.train))


class TrialQueue:
    """The trials of one study. The caller holds the drivers' lock.

    Args:
        listed: Optuna's parameters by position, for samplers that list all configurations.
    """

    def __init__(
        self, study: optuna.Study, config: SweepConfig, space: Space, listed: list[Params] | None
    ) -> None:
        self._study, self._config, self._space, self._listed = study, config, space, listed

    def counted(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials that an uninterrupted study would have, in its order."""
        trials = self._study.get_trials(deepcopy=False, states=states or None)
        return sorted(trials, key=lambda trial: trial.user_attrs[POSITION])

    def warm_start(self, configurations: Sequence[Params]) -> None:
        """Queue parameters at the first positions. A killed call can be repeated."""
        for position in range(len(self.counted()), len(configurations)):
            self.enqueue(configurations[position], {POSITION: position})

    def ask(self) -> optuna.Trial:
        """Start the next trial, with the proposal of an uninterrupted study (see `sampling`).

        Each trial is queued with its position first, so that it never runs without one.
        """
        if not self.counted(TrialState.WAITING):
            position = len(self.counted())
            self.enqueue(self._listed[position] if self._listed else {}, {POSITION: position})
        position = self.counted(TrialState.WAITING)[0].user_attrs[POSITION]
        sampler, seed = self._config.sweep.sampler, self._config.seed
        self._study.sampler = SAMPLERS[sampler.name](sampler, self._space, seed, position)
        return self._study.ask()

    def requeue(self, trial: FrozenTrial, *, failed: bool = False) -> None:
        """Queue a running trial's parameters again, then close it as failed.

        Args:
            failed: whether the trial failed, which drops its completed repeats. They are retained
                when its driver or machine died.
        """
        position, attrs = trial.user_attrs[POSITION], trial.user_attrs
        waiting = {other.user_attrs[POSITION] for other in self.counted(TrialState.WAITING)}
        if position not in waiting and not attrs.get(AGAIN):
            # PARAMS is recorded once all parameters are drawn; until then they are drawn anew.
            params = trial.params if PARAMS in attrs else trial.system_attrs.get("fixed_params", {})
            if failed:
                history = {FAILURES: attrs.get(FAILURES, 0) + 1}
            else:
                history = {key: attrs[key] for key in (FAILURES, REPEATS) if key in attrs}
            attempt = attrs.get(ATTEMPT, 1) + 1
            self.enqueue(params, {POSITION: position, ATTEMPT: attempt, **history})
        close_as_queued_again(self._study, trial)

    def restore_values(self, trial: optuna.Trial) -> None:
        """Copy the reported values of an interrupted trial whose completed repeats are reused."""
        if not trial.user_attrs.get(REPEATS):
            return
        position = trial.user_attrs[POSITION]
        earlier = [
            other for other in stored_trials(self._study)
            if other.user_attrs[POSITION] == position and other.intermediate_values
        ]  # fmt: skip
        for step, value in earlier[-1].intermediate_values.items() if earlier else ():
            trial.report(value, step)

    def enqueue(self, params: Params, attrs: Mapping[str, Any]) -> None:
        """Add a waiting trial with these parameters and user attributes."""
        self._study.enqueue_trial(params, user_attrs=dict(attrs))
