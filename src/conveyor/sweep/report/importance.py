"""How much of the first objective's variance each parameter explains."""

import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import TrialState


def compute_importances(study: optuna.Study) -> Mapping[str, float]:
    """Return each parameter's share, by PED-ANOVA (Watanabe et al. 2023).

    The result is empty where fewer than four trials are complete, or all have the same value.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 4 or len({trial.values[0] for trial in complete}) < 2:
        return {}
    evaluator: Any = PedAnovaImportanceEvaluator()
    sign = 1 if study.directions[0] == StudyDirection.MINIMIZE else -1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * trial.values[0]
        )
