"""What a study and its trials keep beside Optuna's own records, under which names."""

from collections.abc import Sequence
from typing import Literal

from optuna.trial import TrialState

from conveyor.config import CONSTRAINT, Objective
from conveyor.sweep.protocol import Metrics, State

POSITION = "position"  # a trial's place in the sequence of an uninterrupted study
# What a trial keeps beside Optuna's own: its settings, figures, reason of failure, the driver that
# runs it, the results of its repeats, how often it failed before, whether it was tried again.
PARAMS, METRICS, REASON, DRIVER = "params", "metrics", "reason", "driver"
REPEATS, ATTEMPT, AGAIN = "repeats", "attempt", "tried_again"
TOKEN, ENDED, LEADER, WARM = "token", "ended", "leader", "warm"  # what a study keeps
DONE = (TrialState.COMPLETE, TrialState.PRUNED)
OPTUNA_STATE = {
    State.COMPLETE: TrialState.COMPLETE,
    State.PRUNED: TrialState.PRUNED,
    State.FAILED: TrialState.FAIL,
}
STATES = {theirs: ours.value for ours, theirs in OPTUNA_STATE.items()}
DIRECTION: dict[Objective, Literal["minimize", "maximize"]] = {
    "val_loss": "minimize",
    "val_accuracy": "maximize",
    "val_macro_f1": "maximize",
    "parameters": "minimize",
    "flops": "minimize",
    "latency_ms": "minimize",
}


def violations(constraints: Sequence[str], metrics: Metrics) -> dict[str, float]:
    """By how much each constraint is broken that these metrics can tell; kept ones are <= 0."""
    found = {}
    for text in constraints:
        read = CONSTRAINT.fullmatch(text.strip())
        assert read, "the configuration was checked"
        if read[1] in metrics:
            over = metrics[read[1]] - float(read[3])
            found[text] = over if read[2] == "<=" else -over
    return found
