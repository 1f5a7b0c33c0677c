"""Samplers and pruners by name, none of which a killed and resumed study can tell from a whole one.

Two things must not show: that a process began anew (a seeded sampler would repeat its first
proposals), and that an interrupted trial shifted the numbers of those after it. So each proposal
has a sampler of its own, seeded by the trial's position, and nothing counts by trial number.
"""

import copy
from collections.abc import Callable
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from conveyor import files
from conveyor.config import Sweep, Train

INTERRUPTED = "interrupted"  # mark of a trial that died with its driver
POSITION = "position"  # a trial's place in the sequence of an uninterrupted study


class _Sequence(optuna.samplers.QMCSampler):
    """Sobol's sequence, entered at the trial's position, not at a counter that a kill can skip."""

    def __init__(self, seed: int, position: int) -> None:
        first = optuna.samplers.RandomSampler(seed=_mixed(seed, position))
        super().__init__(
            scramble=True, seed=seed, independent_sampler=first, warn_independent_sampling=False
        )
        self._position = position

    def _find_sample_id(self, study: optuna.Study, search_space: dict[str, Any]) -> int:
        return self._position


class _Hyperband(optuna.pruners.HyperbandPruner):
    """Puts a trial into its bracket by position; an interrupted one is in none."""

    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        if trial.user_attrs.get(INTERRUPTED):
            return -1
        placed = copy.copy(trial)
        placed.number = trial.user_attrs[POSITION]
        return super()._get_bracket_id(study, placed)


SAMPLERS: dict[str, Callable[[Sweep, int, int], optuna.samplers.BaseSampler]] = {
    "tpe": lambda sweep, seed, position: optuna.samplers.TPESampler(
        seed=_mixed(seed, position),
        n_startup_trials=sweep.sampler.startup_trials,
        multivariate=True,
    ),
    "random": lambda sweep, seed, position: optuna.samplers.RandomSampler(
        seed=_mixed(seed, position)
    ),
    "qmc": lambda sweep, seed, position: _Sequence(seed, position),
}
PRUNERS: dict[str, Callable[[Sweep, Train], optuna.pruners.BasePruner]] = {
    "none": lambda sweep, train: optuna.pruners.NopPruner(),
    "median": lambda sweep, train: optuna.pruners.MedianPruner(
        n_startup_trials=sweep.pruner.startup_trials, n_warmup_steps=sweep.pruner.warmup_epochs
    ),
    "hyperband": lambda sweep, train: _Hyperband(
        min_resource=min(train.epochs, max(1, sweep.pruner.warmup_epochs)),
        max_resource=train.epochs,
    ),
}


def _mixed(seed: int, position: int) -> int:
    return int(files.digest_value([seed, position])[:8], 16)
