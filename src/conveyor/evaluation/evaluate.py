"""Scores of a model on its test rows, beside simple baselines."""

from typing import Any

import numpy as np

from conveyor.config import Evaluate
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.metrics.resampling import intervals
from conveyor.metrics.slices import slices_by_length
from conveyor.tasks import Task
from conveyor.tasks.values import ModelOutputs


def evaluate(data: EvaluationInput, config: Evaluate, seed: int) -> Evaluation:
    """Score a model's outputs on the test rows, beside simple baselines on the same rows.

    Args:
        seed: of the bootstrap samples and the baselines.
    """
    task, test, outputs = data.task, data.test, data.outputs
    metrics, simple_models = task.metrics, {}
    if config.baselines:
        rows = [row for split in data.training for row in split.rows]
        targets = np.concatenate([split.targets for split in data.training])
        simple_models = task.baselines.predict(data.kind, rows, targets, test.rows, seed)
    scores = metrics.score_all(test.targets, outputs)
    baselines = {
        name: Task(model.spec).metrics.score_all(test.targets, model.outputs)
        for name, model in simple_models.items()
    }
    beats_baselines = p_value = None
    if baselines:
        best, headline = metrics.find_best(baselines), metrics.headline
        gain = metrics[headline].gain(scores[headline], baselines[best][headline])
        beats_baselines = gain > 0
        ours = ModelOutputs(task.spec, outputs)
        p_value = task.comparison.p_value(test.targets, ours, simple_models[best])
    return Evaluation(
        scores=scores,
        intervals=intervals(
            metrics, test.targets, outputs, samples=config.bootstrap_samples,
            confidence=config.confidence, seed=seed,
        ),
        baselines=baselines,
        beats_baselines=beats_baselines,
        p_value=p_value,
        slices=_score_slices(data, config.length_slices),
        details=task.report.details(data.scored, config.worst_rows),
    )  # fmt: skip


def _score_slices(data: EvaluationInput, count: int) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "rows": int(rows.sum()),
         **data.task.metrics.score_all(data.test.targets[rows], data.outputs[rows])}
        for low, high, rows in slices_by_length(data.test.sequences.lengths, count)
    ]  # fmt: skip
