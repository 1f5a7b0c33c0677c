"""What is evaluated, and the results."""

from dataclasses import dataclass
from typing import Any

from conveyor.data.store import Split
from conveyor.metrics import Outputs
from conveyor.metrics.baselines import BaselineComparison
from conveyor.tasks import Task
from conveyor.tasks.values import ScoredRows


@dataclass(frozen=True)
class EvaluationInput:
    """A model's outputs on the test rows, and what is needed to judge them.

    Attributes:
        kind: "text" or "series".
        task: the model's.
        train: split from which the baselines learn.
        validation: split on which the best baseline is chosen, and from which they learn then.
        test: the split on which everything is scored.
        outputs: the model's, on the test rows, (rows, width).
    """

    kind: str
    task: Task
    train: Split
    validation: Split
    test: Split
    outputs: Outputs

    @property
    def scored(self) -> ScoredRows:
        """The test rows with their outputs."""
        test = self.test
        lengths = test.sequences.lengths
        return ScoredRows(test.ids, test.rows, test.targets, lengths, self.outputs)


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one model on one set of rows.

    Attributes:
        scores: every metric.
        intervals: (low, high) of every metric.
        baselines: metrics of each simple model on the same rows; empty where switched off.
        baseline_comparison: the model beside them; None where switched off.
        slices: metrics by length, shortest first.
        details: what the task adds.
    """

    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    baseline_comparison: BaselineComparison | None
    slices: list[dict[str, Any]]
    details: dict[str, Any]
