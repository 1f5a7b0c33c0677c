"""The decision which class is the answer: the most probable one, or that of the least cost."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from conveyor.errors import InputError
from conveyor.metrics import Outputs
from conveyor.tasks.classification.options import (
    ClassDecision,
    ClassSpec,
    ClassThreshold,
    Costs,
    check_cost_names,
)
from conveyor.tasks.thresholds import ThresholdCurve


def decide(spec: ClassSpec, outputs: Outputs) -> NDArray[np.int64]:
    """Return the answer of each row, as an index of a class, (rows,)."""
    decision = spec.decision
    if decision is None:
        return outputs.argmax(axis=1)
    if decision.threshold is None:
        expected = outputs @ make_matrix(decision.costs, spec.classes)  # (rows, answers)
        return expected.argmin(axis=1)
    positive = spec.classes.index(decision.threshold.answer)
    is_positive = outputs[:, positive] >= decision.threshold.probability
    return np.where(is_positive, positive, 1 - positive)


def choose_decision(
    spec: ClassSpec,
    costs: dict[str, dict[str, float]],
    targets: NDArray[np.integer],
    outputs: Outputs,
) -> ClassSpec:
    """Return the target with the decision of the least cost.

    With two classes, it is a threshold that costs least on these rows; of equal ones, the nearest
    to that which costs least if the probabilities are right (Elkan 2001). With more classes, it is
    the least expected cost, which trusts the probabilities.

    Args:
        costs: of `complete_costs`.
        targets: indices of classes, (rows,).
        outputs: probabilities, (rows, classes).
    """
    threshold = None
    if len(spec.classes) == 2:
        negative, positive = spec.classes
        false_positive, false_negative = costs[negative][positive], costs[positive][negative]
        curve = ThresholdCurve(targets == 1, outputs[:, 1])
        total = false_positive * (curve.predicted - curve.hits)
        total += false_negative * (curve.positives - curve.hits)
        both = false_positive + false_negative
        place = curve.best(-total, near=false_positive / both if both else 0.5)
        threshold = ClassThreshold(answer=positive, probability=curve.thresholds[place])
    decision = ClassDecision(costs=costs, threshold=threshold)
    return spec.model_copy(update={"decision": decision})


def complete_costs(costs: Costs, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the cost of each error by true class and answer; 1 where none is stated.

    Raises:
        InputError: a name is no class.
    """
    try:
        check_cost_names(costs, classes)
    except ValueError as error:
        raise InputError(str(error)) from None

    def read(true: str, answer: str) -> float:
        value = costs.get(true, 1.0)
        return float(value.get(answer, 1.0) if isinstance(value, Mapping) else value)

    return {
        true: {answer: read(true, answer) for answer in classes if answer != true}
        for true in classes
    }


def make_matrix(
    costs: Mapping[str, Mapping[str, float]], classes: Sequence[str]
) -> NDArray[np.float64]:
    """Return the costs by true class (rows) and answer (columns), with 0 on the diagonal."""
    return np.array([[costs[true].get(answer, 0.0) for answer in classes] for true in classes])
