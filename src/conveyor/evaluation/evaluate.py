"""Scores of a model on its test rows, beside simple baselines."""

from typing import Any

import numpy as np

from conveyor.config import Evaluate
from conveyor.evaluation.baselines import compare_with_baselines
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.metrics.resampling import intervals
from conveyor.metrics.slices import slices_by_length


def evaluate(data: EvaluationInput, config: Evaluate, seed: int) -> Evaluation:
    """Score a model's outputs on the test rows, beside simple baselines on the same rows.

    Args:
        seed: of the bootstrap samples and the baselines.
    """
    task, test, outputs = data.task, data.test, data.outputs
    targets = np.asarray(test.targets)
    metrics, baselines, comparison = task.metrics, {}, None
    if config.baselines:
        baselines, comparison = compare_with_baselines(data, seed)
    return Evaluation(
        scores=metrics.score_all(targets, outputs),
        intervals=intervals(
            metrics, targets, outputs, samples=config.bootstrap_samples,
            confidence=config.confidence, seed=seed, units=task.comparison.units(targets),
            show_progress=True,
        ),
        baselines=baselines,
        baseline_comparison=comparison,
        slices=_score_slices(data, config.length_slices),
        details=task.report.details(data.scored, config.worst_rows),
    )  # fmt: skip


def _score_slices(data: EvaluationInput, count: int) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "rows": int(rows.sum()),
         **data.task.metrics.score_all(data.test.targets[rows], data.outputs[rows])}
        for low, high, rows in slices_by_length(data.test.sequences.lengths, count)
    ]  # fmt: skip
