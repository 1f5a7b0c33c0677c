"""The sentence with which the description of a version begins."""

from dataclasses import replace

import numpy as np
import pytest

from conveyor import gates
from conveyor.gates import Evidence
from conveyor.registry.summary import summarize
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import ModelOutputs

SPEC = ClassSpec(classes=["no", "yes"])
YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
NO = gates.Verdict([gates.GateResult("bar: ece", False, "ece 0.3 is above the bar of 0.25", {})])
ROWS = 40


def outputs(right: int) -> np.ndarray:
    """Of 40 rows of class 1, so many right."""
    certain = np.where(np.arange(ROWS) < right, 0.9, 0.1)
    return np.stack([1 - certain, certain], axis=1)  # (rows, classes)


def evidence(right: int, champion: int | None) -> Evidence:
    task, targets = Task(SPEC), np.ones(ROWS, np.int64)
    theirs = None if champion is None else ModelOutputs(SPEC, outputs(champion))
    scores = task.metrics.score_all(targets, outputs(right))
    return Evidence(task, targets, outputs(right), theirs, "3", scores, None)


@pytest.mark.parametrize(
    ("right", "champion", "verdict", "sentence"),
    [(38, 30, YES, "Promoted: accuracy 0.95, better than version 3 by 0.2 (p = 0.0039)."),
     (30, 30, YES, "Promoted: accuracy 0.75, as that of version 3."),
     (30, 38, NO, "Refused: accuracy 0.75, worse than version 3 by 0.2 (p = 0.0039). "
      "ece 0.3 is above the bar of 0.25."),
     (30, None, NO, "Refused: accuracy 0.75; it cannot be compared with version 3, the champion. "
      "ece 0.3 is above the bar of 0.25.")],
)  # fmt: skip
def test_the_sentence_says_the_verdict_and_how_far_apart_the_models_are(
    right: int, champion: int | None, verdict: gates.Verdict, sentence: str
) -> None:
    assert summarize(evidence(right, champion), verdict) == sentence


def test_the_first_version_is_compared_with_none() -> None:
    first = replace(evidence(38, None), champion_version=None)
    assert summarize(first, YES) == "Promoted: accuracy 0.95."


def test_a_metric_that_is_not_defined_is_said_so() -> None:
    undefined = replace(evidence(38, 30), scores={})
    assert summarize(undefined, YES) == "Promoted: accuracy not defined on the test rows."
