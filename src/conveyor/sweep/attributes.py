"""What a study and its trials record beside Optuna's own fields, and under which names."""

from collections.abc import Sequence

from optuna.trial import BaseTrial, FrozenTrial, TrialState

from conveyor.config import CONSTRAINT
from conveyor.sweep.protocol import Metrics, State, TrialId, TrialOutcome

# User attributes of a trial.
POSITION = "position"  # its place in the sequence of an uninterrupted study
PARAMS = "params"  # its settings by dotted key
METRICS = "metrics"
REASON = "reason"  # why it failed, or which constraint it violates
DRIVER = "driver"  # the driver that runs it
REPEATS = "repeats"  # metrics of its completed repeats
ATTEMPT = "attempt"  # 1, and one more for each earlier attempt at its parameters
FAILURES = "failures"  # how often it failed before
AGAIN = "tried_again"  # true: its parameters were queued again, and this trial does not count
# User attributes of a study.
TOKEN, ENDED, LEADER, WARM = "token", "ended", "leader", "warm"

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
OPTUNA_STATE = {
    State.COMPLETE: TrialState.COMPLETE,
    State.PRUNED: TrialState.PRUNED,
    State.FAILED: TrialState.FAIL,
}
STATES = {optunas: ours.value for ours, optunas in OPTUNA_STATE.items()}


def identify_trial(trial: BaseTrial) -> TrialId:
    """Return by which number and attempt observers and logs name a trial."""
    attrs = trial.user_attrs
    return TrialId(attrs[POSITION], attrs.get(ATTEMPT, 1))


def read_outcome(trial: FrozenTrial) -> TrialOutcome:
    """Return how an ended trial ended, as `SweepStudy.finish` recorded it."""
    state = State(STATES[trial.state])
    values = tuple(trial.values) if state is State.COMPLETE else ()
    attrs = trial.user_attrs
    return TrialOutcome(state, values, attrs.get(METRICS, {}), attrs.get(REASON, ""))


def parse_constraint(text: str) -> tuple[str, str, float]:
    """Return the metric, `<=` or `>=`, and the limit of a constraint.

    >>> parse_constraint("parameters <= 500_000")
    ('parameters', '<=', 500000.0)
    """
    match = CONSTRAINT.fullmatch(text.strip())
    assert match, "the configuration was checked"
    return match[1], match[2], float(match[3])


def compute_violations(constraints: Sequence[str], metrics: Metrics) -> dict[str, float]:
    """Return by how much each constraint is violated, 0 or less where it is met.

    Constraints on metrics that are not known yet are left out.
    """
    result: dict[str, float] = {}
    for text in constraints:
        name, operator, limit = parse_constraint(text)
        if name in metrics:
            excess = metrics[name] - limit
            result[text] = excess if operator == "<=" else -excess
    return result
