"""Every use that the sweep makes of names which Optuna does not document.

A release of Optuna may change them without notice. pyproject.toml bounds Optuna's version, and
tests/sweep/test_optuna_internals.py compares the names and signatures used here with the release
that is installed.
"""

import copy
from collections.abc import Container
from typing import Any

import optuna
from optuna import pruners, samplers
from optuna.distributions import BaseDistribution
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.trial import FrozenTrial, TrialState

from conveyor.sweep.attributes import AGAIN, POSITION

NO_BRACKET = -1
JournalFileLock = BaseJournalFileLock  # the base class of a journal file's lock


class CountedStudy(optuna.Study):
    """A study whose samplers and pruners see the trials of an uninterrupted study.

    Trials that were queued again are hidden, and waiting trials start in the order of their
    positions. The caller holds the drivers' lock.
    """

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy, states, use_cache)
        return [trial for trial in trials if not trial.user_attrs.get(AGAIN)]

    def _pop_waiting_trial_id(self) -> int | None:
        waiting = self.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if not waiting:
            return None
        first = min(waiting, key=lambda trial: trial.user_attrs[POSITION])
        self._storage.set_trial_state_values(first._trial_id, TrialState.RUNNING)
        return first._trial_id


class SobolSampler(samplers.QMCSampler):
    """Takes the point of Sobol's sequence at a position; Optuna's counter could skip a point when
    a driver is killed."""

    def __init__(self, position: int, **settings: Any) -> None:
        super().__init__(qmc_type="sobol", scramble=True, **settings)
        self._position = position

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return self._position


class HyperbandPruner(pruners.HyperbandPruner):
    """Chooses a trial's bracket by its position, which an interruption does not change.

    A trial that was queued again is in no bracket: Optuna reads the trials of a bracket past
    `CountedStudy`, which hides such a trial, and would compare its parameters twice.
    """

    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        if trial.user_attrs.get(AGAIN):
            return NO_BRACKET
        return super()._get_bracket_id(study, number_by_position(trial))


def number_by_position(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy of the trial whose number is its position."""
    numbered = copy.copy(trial)
    numbered.number = trial.user_attrs[POSITION]
    return numbered


def stored_trial(study: optuna.Study, trial: optuna.Trial) -> FrozenTrial:
    """Return the trial as the storage has it now, changes by other drivers included."""
    return study._storage.get_trial(trial._trial_id)


def stored_trials(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    """Return all trials, those that were queued again included; `states` limits them."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False, states=states or None)


def close_as_queued_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Hide a running trial from samplers, pruners and counts, then fail it."""
    study._storage.set_trial_user_attr(trial._trial_id, AGAIN, True)
    study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
