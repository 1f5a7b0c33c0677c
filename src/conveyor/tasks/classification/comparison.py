"""Compares two classifiers on the same rows, and scores one on rows that it has never seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import bdtrc

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.paired import PValues
from conveyor.tasks.classification.decision import decide
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import ModelOutputs, Score


def mcnemar(
    ours_right: NDArray[np.bool_], theirs_right: NDArray[np.bool_]
) -> tuple[int, int, PValues]:
    """Test whether our model is right more or less often than theirs on the same rows, by McNemar's
    exact test (McNemar 1947).

    Args:
        ours_right: where our model is right, bool (rows,).
        theirs_right: where their model is right, bool (rows,).

    Returns:
        The rows that our model alone gets right, those that theirs alone gets right, and the
        probabilities of at least so many if both were equally good.
    """
    ours = int((ours_right & ~theirs_right).sum())
    theirs = int((theirs_right & ~ours_right).sum())
    better, worse = (float(bdtrc(n - 1, ours + theirs, 0.5)) if n else 1.0 for n in (ours, theirs))
    return ours, theirs, PValues(better, worse)


class McNemarTest:
    """McNemar's exact test of the two accuracies."""

    metric = "accuracy"

    def judge(
        self,
        targets: Targets,
        ours: ModelOutputs,
        theirs: ModelOutputs,
        version: str,
        alpha: float,
    ) -> tuple[bool, str, dict[str, Any]]:
        answers, champion_answers = (decide(model.spec, model.outputs) for model in (ours, theirs))
        if np.array_equal(answers, champion_answers):
            reason = (
                f"it predicts the same class as version {version}, the champion, for all test rows"
            )
            return False, reason, {"differing_rows": 0}
        right, champion_right = answers == targets, champion_answers == targets
        only_ours, only_theirs, p_values = mcnemar(right, champion_right)
        passed = p_values.better < alpha
        reason = (
            f"it is right and version {version}, the champion, wrong on {only_ours} rows; the "
            f"other way round on {only_theirs}: one-sided p = {p_values.better:.3g} is "
            f"{'below' if passed else 'not below'} {alpha:.3g} (McNemar)"
        )
        numbers = {"only_ours": only_ours, "only_theirs": only_theirs, "p_value": p_values.better,
                   "alpha": alpha, "accuracy": float(right.mean()),
                   "champion_accuracy": float(champion_right.mean())}  # fmt: skip
        return passed, reason, numbers


class Comparison:
    """See `conveyor.tasks.comparison.Comparison`."""

    test_title = "McNemar"
    error_title = "1 if the class is wrong"
    tests = {"mcnemar": McNemarTest()}  # noqa: RUF012

    def __init__(self, spec: ClassSpec) -> None:
        self._spec, self._classes = spec, spec.classes

    def units(self, targets: Targets) -> None:
        """Each row is one."""

    def p_values(self, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs) -> PValues:
        right, other_right = (decide(m.spec, m.outputs) == targets for m in (ours, theirs))
        return mcnemar(right, other_right)[2]

    def row_errors(self, targets: Targets, model: ModelOutputs) -> NDArray[np.floating]:
        """1 for a wrong class."""
        return (decide(model.spec, model.outputs) != targets).astype(float)

    def read_answers(self, rows: Sequence[Mapping[str, str]]) -> tuple[Targets, ModelOutputs]:
        codes = {name: code for code, name in enumerate(self._classes)}
        targets = np.array([codes[row["label"]] for row in rows])
        answers = np.array([codes[row["predicted"]] for row in rows])
        outputs = np.eye(len(self._classes))[answers]  # (rows, classes)
        return targets, ModelOutputs(self._spec.model_copy(update={"decision": None}), outputs)

    def strata(self, targets: Targets) -> NDArray[np.integer]:
        return targets

    def slices(self, targets: Targets) -> list[tuple[str, NDArray[np.bool_]]]:
        """On the rows of one class, accuracy is the class's recall."""
        return [(f"class {name}", targets == code) for code, name in enumerate(self._classes)]

    def score(self, values: Sequence[str], outputs: Outputs) -> Score:
        """Return the accuracy, with Wilson's interval (Wilson 1927). A class that is new to the
        model counts as an error."""
        predicted = [self._classes[code] for code in decide(self._spec, outputs)]
        right = sum(p == value for p, value in zip(predicted, values, strict=True))
        interval = stats.binomtest(right, len(predicted)).proportion_ci(method="wilson")
        bounds = float(interval.low), float(interval.high)
        return Score(len(predicted), "accuracy", right / len(predicted), bounds, {"right": right})
