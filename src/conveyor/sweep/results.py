"""What a study found: the best trial, the Pareto front, what the objective depends on."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import Sweep
from conveyor.sweep.attributes import DIRECTION, POSITION


def best_of(study: optuna.Study, sweep: Sweep) -> FrozenTrial | None:
    """The best complete trial that keeps every constraint; the earlier one of equals.

    With several objectives, the one of the Pareto front that `sweep.pick` takes. `knee`: each
    objective is scaled to 0 (best on the front) ... 1 (worst), and the trial nearest to the ideal
    point, all zero, is taken. `first`: of the trials whose first objective is within `tolerance`
    (a share of it) of the best, the one with the best second objective, then third.
    """
    found = front(study, sweep)
    if not found:
        return None
    costs = np.array([_costs(trial, sweep) for trial in found])
    if costs.shape[1] == 1:
        return found[0]
    if sweep.pick.rule == "first":
        lead = costs[:, 0]
        near = np.flatnonzero(lead <= lead.min() + sweep.pick.tolerance * abs(lead.min()))
        return found[min(near, key=lambda i: (*costs[i][1:], costs[i][0]))]
    span = np.ptp(costs, axis=0)
    scaled = (costs - costs.min(axis=0)) / np.where(span > 0, span, 1.0)
    return found[int(np.argmin(np.linalg.norm(scaled, axis=1)))]


def feasible(trial: FrozenTrial) -> bool:
    """Whether it keeps every constraint."""
    return all(violation <= 0.0 for violation in trial.constraints.values())


def front(study: optuna.Study, sweep: Sweep) -> list[FrozenTrial]:
    """Feasible complete trials that no other beats in every objective, best first objective first;
    the earliest of the best alone where there is one objective."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    good = sorted(
        filter(feasible, complete), key=lambda t: (_costs(t, sweep), t.user_attrs[POSITION])
    )
    if len(sweep.objectives) == 1:
        return good[:1]
    kept: list[FrozenTrial] = []
    for trial in good:  # those before are better first, so only they can dominate it
        costs = np.array(_costs(trial, sweep))
        if not any(np.all(np.array(_costs(other, sweep)) <= costs) for other in kept):
            kept.append(trial)
    return kept


def importances(study: optuna.Study, sweep: Sweep) -> Mapping[str, float]:
    """Share of each parameter in the first objective's variance, by PED-ANOVA (Watanabe et al.
    2023); empty where there are too few trials to tell."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 4 or len({t.values[0] for t in complete}) < 2:
        return {}
    minimize = DIRECTION[sweep.objectives[0]] == "minimize"
    evaluator: Any = PedAnovaImportanceEvaluator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(sweep.objectives) == 1:
            return get_param_importances(study, evaluator=evaluator)
        sign = 1 if minimize else -1
        return get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * trial.values[0]
        )


def _costs(trial: FrozenTrial, sweep: Sweep) -> tuple[float, ...]:
    """Objectives, each so that lower is better."""
    signs = [1 if DIRECTION[objective] == "minimize" else -1 for objective in sweep.objectives]
    return tuple(sign * value for sign, value in zip(signs, trial.values, strict=True))
