"""Samplers and pruners by name, none of which a killed and resumed study can tell from a whole one.

Two things must not show: that a process began anew (a seeded sampler would repeat its first
proposals), and that an interrupted trial shifted the numbers of those after it. So each proposal
has a sampler of its own, seeded by the trial's position, nothing counts by trial number, and
neither samplers nor pruners see trials that were tried again (see `optuna_internals.CountedStudy`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from optuna import pruners, samplers
from optuna.trial import FrozenTrial

from conveyor import files
from conveyor.config import Pruner, Sampler, Sweep, Train
from conveyor.sweep.optuna_internals import HyperbandPruner, SobolSampler, number_by_position
from conveyor.sweep.space import Space
from conveyor.sweep.storage import SweepError

LISTABLE = 1_000_000  # configurations that brute force shuffles at most


class _Evolution(samplers.CmaEsSampler):
    """Draws by the trial's position where Optuna's draws by its number."""

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        return super().sample_relative(study, number_by_position(trial), search_space)


SAMPLERS: dict[str, Callable[[Sampler, Space, int, int], samplers.BaseSampler]] = {
    "tpe": lambda sampler, space, seed, position: samplers.TPESampler(
        seed=_mixed(seed, position),
        n_startup_trials=sampler.startup_trials,
        multivariate=True,
        group=space.conditional,  # else keys that do not always exist are drawn one by one
    ),
    "random": lambda sampler, space, seed, position: samplers.RandomSampler(
        seed=_mixed(seed, position)
    ),
    "qmc": lambda sampler, space, seed, position: SobolSampler(
        position,
        seed=seed,
        independent_sampler=samplers.RandomSampler(seed=_mixed(seed, position)),
        warn_independent_sampling=False,
    ),
    "gp": lambda sampler, space, seed, position: samplers.GPSampler(
        seed=_mixed(seed, position), n_startup_trials=sampler.startup_trials
    ),
    "cmaes": lambda sampler, space, seed, position: _Evolution(
        seed=_mixed(seed, position),
        n_startup_trials=sampler.startup_trials,
        warn_independent_sampling=False,
    ),
}
PRUNERS: dict[str, Callable[[Pruner, Train], pruners.BasePruner]] = {
    "none": lambda pruner, train: pruners.NopPruner(),
    "median": lambda pruner, train: pruners.MedianPruner(
        n_startup_trials=pruner.startup_trials, n_warmup_steps=pruner.warmup_epochs
    ),
    "percentile": lambda pruner, train: pruners.PercentilePruner(
        pruner.percentile,
        n_startup_trials=pruner.startup_trials,
        n_warmup_steps=pruner.warmup_epochs,
    ),
    "successive_halving": lambda pruner, train: pruners.SuccessiveHalvingPruner(
        min_resource=max(1, pruner.warmup_epochs), reduction_factor=pruner.reduction_factor
    ),
    "hyperband": lambda pruner, train: HyperbandPruner(
        min_resource=min(train.epochs, max(1, pruner.warmup_epochs)),
        max_resource=train.epochs,
        reduction_factor=pruner.reduction_factor,
    ),
    "patient": lambda pruner, train: pruners.PatientPruner(None, patience=pruner.patience),
    "wilcoxon": lambda pruner, train: pruners.WilcoxonPruner(
        p_threshold=pruner.p_threshold, n_startup_steps=0
    ),
}


def pruner_of(pruner: Pruner, train: Train) -> pruners.BasePruner:
    """The pruner by its name; with `patience`, it waits so long for a better epoch first."""
    made = PRUNERS[pruner.name](pruner, train)
    if pruner.patience and pruner.name in ("median", "percentile", "successive_halving"):
        return pruners.PatientPruner(made, patience=pruner.patience)
    return made


def sampler_of(sweep: Sweep, space: Space, seed: int, position: int) -> samplers.BaseSampler:
    """The sampler of one proposal. Listed configurations need none; see `listed`."""
    name = sweep.sampler.name
    name = "random" if name in ("grid", "brute_force") else name
    return SAMPLERS[name](sweep.sampler, space, seed, position)


def listed(sweep: Sweep, space: Space, seed: int) -> list[dict[str, Any]] | None:
    """Every configuration in the order of trial: as written (grid), or shuffled (brute force).

    Returns:
        Optuna's parameters by position, or None for samplers that draw.

    Raises:
        SweepError: brute force would have to shuffle too many.
    """
    if sweep.sampler.name == "grid":
        return [params for params, _ in zip(space.every(), range(sweep.trials), strict=False)]
    if sweep.sampler.name != "brute_force":
        return None
    every = [params for params, _ in zip(space.every(), range(LISTABLE + 1), strict=False)]
    if len(every) > LISTABLE:
        raise SweepError(
            f"sweep.space has over {LISTABLE:,} configurations, too many for brute_force; "
            "choose sweep.sampler.name random or qmc"
        )
    order = np.random.default_rng(seed).permutation(len(every))
    return [every[i] for i in order[: sweep.trials]]


def _mixed(seed: int, position: int) -> int:
    return int(files.digest_value([seed, position])[:8], 16)
