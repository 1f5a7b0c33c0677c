"""Ranks the trials of a study and its parameters, and chooses the best trial."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from conveyor.config import Sweep
from conveyor.config.sweep import Pick
from conveyor.sweep.attributes import METRICS, PARAMS, POSITION
from conveyor.sweep.storage import SweepError


def find_best_trial(study: optuna.Study, pick: Pick) -> FrozenTrial | None:
    """Return the best complete trial that meets every constraint; of equal ones, the earliest.

    With several objectives, the rule `sweep.pick` chooses from the Pareto front. `knee` scales
    each objective to 0 (best on the front) ... 1 (worst) and takes the trial that is nearest to
    the ideal point, all zero. `first` considers the trials whose first objective is within
    `tolerance` (a share of it) of the best, and takes the one with the best second objective,
    then third.
    """
    front = find_pareto_front(study)
    if not front:
        return None
    costs = np.array([_costs(study, trial) for trial in front])  # (trials, objectives)
    if pick.rule == "first":
        first = costs[:, 0]
        near = np.flatnonzero(first <= first.min() + pick.tolerance * abs(first.min()))
        return front[min(near, key=lambda i: (*costs[i][1:], costs[i][0]))]
    span = np.ptp(costs, axis=0)
    scaled = (costs - costs.min(axis=0)) / np.where(span > 0, span, 1.0)
    return front[int(np.argmin(np.linalg.norm(scaled, axis=1)))]


def find_pareto_front(study: optuna.Study) -> list[FrozenTrial]:
    """Return the ranked trials that no other trial beats in every objective.

    With one objective, that is the best trial alone.
    """
    ranked = rank_trials(study)
    if len(study.directions) == 1:
        return ranked[:1]
    front: list[FrozenTrial] = []
    for trial in ranked:  # a trial can only be dominated by trials before it
        costs = np.array(_costs(study, trial))
        if not any(np.all(np.array(_costs(study, other)) <= costs) for other in front):
            front.append(trial)
    return front


def rank_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the feasible complete trials, the best first objective first.

    Equal trials are ordered by the next objective, then by position.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    feasible = filter(is_feasible, complete)
    return sorted(feasible, key=lambda trial: (_costs(study, trial), trial.user_attrs[POSITION]))


def is_feasible(trial: FrozenTrial) -> bool:
    """Return whether a trial meets every constraint."""
    return all(violation <= 0.0 for violation in trial.constraints.values())


def compute_importances(study: optuna.Study) -> Mapping[str, float]:
    """Return each parameter's share of the first objective's variance, by PED-ANOVA (Watanabe et
    al. 2023).

    The result is empty where fewer than four trials are complete, or all have the same value.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 4 or len({trial.values[0] for trial in complete}) < 2:
        return {}
    evaluator: Any = PedAnovaImportanceEvaluator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_param_importances(
            study, evaluator=evaluator, target=lambda trial: _costs(study, trial)[0]
        )


def describe_best(study: optuna.Study, sweep: Sweep) -> dict[str, Any]:
    """Return the content of best.yaml.

    With several objectives it also holds the Pareto front and the rule that chose from it.

    Raises:
        SweepError: no trial is complete and feasible.
    """
    best = find_best_trial(study, sweep.pick)
    if best is None:
        complete = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
        if not complete:
            raise SweepError(
                "no trial was completed. Raise sweep.time_limit, or see in the log why they failed."
            )
        raise SweepError(
            f"sweep.constraints: none of {complete} completed trials meets all of "
            f"{list(sweep.constraints)}. Loosen them, or widen sweep.space."
        )
    content = {**_describe(best, sweep), "metrics": best.user_attrs[METRICS]}
    if len(sweep.objectives) > 1:
        rules = {
            "knee": "nearest to the ideal point, each objective scaled over the front",
            "first": f"within {sweep.pick.tolerance:g} of the best {sweep.objectives[0]}, "
            "the best by the other objectives",
        }
        content["picked"] = f"{sweep.pick.rule}: {rules[sweep.pick.rule]}"
        content["front"] = [_describe(trial, sweep) for trial in find_pareto_front(study)]
    return content


def _describe(trial: FrozenTrial, sweep: Sweep) -> dict[str, Any]:
    return {
        "trial": trial.user_attrs[POSITION],
        "params": trial.user_attrs[PARAMS],
        "objectives": dict(zip(sweep.objectives, trial.values, strict=True)),
    }


def _costs(study: optuna.Study, trial: FrozenTrial) -> tuple[float, ...]:
    """Return the objectives, each with the sign that makes lower better."""
    signs = [1 if d == StudyDirection.MINIMIZE else -1 for d in study.directions]
    return tuple(sign * value for sign, value in zip(signs, trial.values, strict=True))
