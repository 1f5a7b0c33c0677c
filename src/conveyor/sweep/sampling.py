"""Samplers and pruners by name. A study that was killed and resumed draws the same proposals as an
uninterrupted one.

A new process would repeat the first proposals of a seeded sampler, and an interrupted trial shifts
the numbers of the trials after it. So each proposal has its own sampler, seeded by the trial's
position; nothing depends on a trial's number; and samplers and pruners do not see trials that were
queued again (see `optuna_internals.CountedStudy`).
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from optuna import pruners, samplers
from optuna.trial import FrozenTrial

from conveyor import files
from conveyor.config import Pruner, Sampler, Sweep, Train
from conveyor.config.budget import MOST_VALIDATIONS
from conveyor.sweep.optuna_internals import HyperbandPruner, SobolSampler, number_by_position
from conveyor.sweep.space import Space
from conveyor.sweep.storage import SweepError

MAX_LISTED = 1_000_000  # configurations that brute force shuffles


class CmaEsSampler(samplers.CmaEsSampler):
    """Draws by the trial's position; Optuna's sampler draws by its number."""

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        return super().sample_relative(study, number_by_position(trial), search_space)


def _make_random(sampler: Sampler, space: Space, seed: int, position: int) -> samplers.BaseSampler:
    return samplers.RandomSampler(seed=_mixed_seed(seed, position))


SAMPLERS: dict[str, Callable[[Sampler, Space, int, int], samplers.BaseSampler]] = {
    "tpe": lambda sampler, space, seed, position: samplers.TPESampler(
        seed=_mixed_seed(seed, position),
        n_startup_trials=sampler.startup_trials,
        multivariate=True,
        group=space.conditional,  # without it, keys that may be absent are drawn independently
    ),
    "random": _make_random,
    "grid": _make_random,  # needs no proposal; see `list_configurations`
    "brute_force": _make_random,
    "qmc": lambda sampler, space, seed, position: SobolSampler(
        position,
        seed=seed,
        independent_sampler=_make_random(sampler, space, seed, position),
        warn_independent_sampling=False,
    ),
    "gp": lambda sampler, space, seed, position: samplers.GPSampler(
        seed=_mixed_seed(seed, position), n_startup_trials=sampler.startup_trials
    ),
    "cmaes": lambda sampler, space, seed, position: CmaEsSampler(
        seed=_mixed_seed(seed, position),
        n_startup_trials=sampler.startup_trials,
        warn_independent_sampling=False,
    ),
}
PRUNERS: dict[str, Callable[[Pruner, Train], pruners.BasePruner]] = {
    "none": lambda pruner, train: pruners.NopPruner(),
    "median": lambda pruner, train: pruners.MedianPruner(
        n_startup_trials=pruner.startup_trials, n_warmup_steps=pruner.warmup_validations
    ),
    "percentile": lambda pruner, train: pruners.PercentilePruner(
        pruner.percentile,
        n_startup_trials=pruner.startup_trials,
        n_warmup_steps=pruner.warmup_validations,
    ),
    "successive_halving": lambda pruner, train: pruners.SuccessiveHalvingPruner(
        min_resource=max(1, pruner.warmup_validations), reduction_factor=pruner.reduction_factor
    ),
    "hyperband": lambda pruner, train: HyperbandPruner(
        min_resource=min(_most_validations(train), max(1, pruner.warmup_validations)),
        max_resource=_most_validations(train),
        reduction_factor=pruner.reduction_factor,
    ),
    "patient": lambda pruner, train: pruners.PatientPruner(None, patience=pruner.patience),
    "wilcoxon": lambda pruner, train: pruners.WilcoxonPruner(
        p_threshold=pruner.p_threshold, n_startup_steps=0
    ),
}


def make_pruner(pruner: Pruner, train: Train) -> pruners.BasePruner:
    """Return the pruner of a name. With `patience`, it waits for so many validations without a
    better
    value first."""
    base = PRUNERS[pruner.name](pruner, train)
    if pruner.patience and pruner.name in ("median", "percentile", "successive_halving"):
        return pruners.PatientPruner(base, patience=pruner.patience)
    return base


def list_configurations(sweep: Sweep, space: Space, seed: int) -> list[dict[str, Any]] | None:
    """Return all configurations in the order of trial: as written (grid) or shuffled (brute force).

    Returns:
        Optuna's parameters by position, or None for samplers that draw.

    Raises:
        SweepError: there are too many to shuffle.
    """
    if sweep.sampler.name == "grid":
        return list(itertools.islice(space.configurations(), sweep.wanted))
    if sweep.sampler.name != "brute_force":
        return None
    listed = list(itertools.islice(space.configurations(), MAX_LISTED + 1))
    if len(listed) > MAX_LISTED:
        raise SweepError(
            f"sweep.sampler.name: brute_force shuffles at most {MAX_LISTED:,} configurations, and "
            "sweep.space has more. Choose random or qmc."
        )
    order = np.random.default_rng(seed).permutation(len(listed))
    return [listed[i] for i in order[: sweep.wanted]]


def _most_validations(train: Train) -> int:
    return min(train.epochs or MOST_VALIDATIONS, MOST_VALIDATIONS)


def _mixed_seed(seed: int, position: int) -> int:
    return int(files.digest_value([seed, position])[:8], 16)
