"""Simple baselines on the test rows, and the network beside the best of them.

Which one is the best is decided on validation rows, so that no test row chooses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conveyor.data.store import join_rows
from conveyor.evaluation.results import EvaluationInput
from conveyor.metrics import Targets
from conveyor.metrics.baselines import BaselineComparison
from conveyor.metrics.paired import PairedComparison
from conveyor.metrics.resampling import assign_folds
from conveyor.progress import progress_bar
from conveyor.tasks import Task
from conveyor.tasks.compare import compare_models
from conveyor.tasks.values import ModelOutputs

MIN_VALIDATION_ROWS = 200  # of fewer rows, folds of all rows tell more
FOLDS = 5
Scores = dict[str, dict[str, float]]  # metrics by name of the baseline


def compare_with_baselines(data: EvaluationInput, seed: int) -> tuple[Scores, BaselineComparison]:
    """Train the baselines on training and validation rows, and score them on the test rows.

    Returns:
        The metrics of each baseline, and the network beside the best and the trivial one.
    """
    task, test = data.task, data.test
    rows = join_rows([data.train.rows, data.validation.rows])
    targets = join_rows([data.train.targets, data.validation.targets])
    test_targets = np.asarray(test.targets)
    folds = min(FOLDS, len(rows)) if len(data.validation.rows) < MIN_VALIDATION_ROWS else 0
    if task.comparison.units(test_targets) is not None:
        folds = 0  # they would train on rows that depend on those of the fold
    with progress_bar("baselines", " fits", (folds or 1) + 1) as bar:
        outputs = task.baselines.predict(data.kind, rows, targets, test.rows, seed)
        bar.update()
        if folds:
            chosen_on = f"in {folds} folds of {len(rows)} training and validation rows"
            validation_scores = _score_folds(data, rows, targets, folds, seed, bar)
        else:
            chosen_on = f"on {len(data.validation.rows)} validation rows"
            validation_scores = _score_validation(data, seed)
    scores = _score(outputs, test_targets)
    headline = task.metrics.headline
    best = task.metrics.find_best(
        {name: {headline: score} for name, score in validation_scores.items()}
    )
    constant = task.baselines.best_constant(test_targets)
    return scores, BaselineComparison(
        best, chosen_on, validation_scores, compare(data, outputs[best], seed),
        task.baselines.trivial, compare(data, constant, seed),
    )  # fmt: skip


def _score(models: dict[str, ModelOutputs], targets: Targets) -> Scores:
    return {
        name: Task(model.spec).metrics.score_all(targets, model.outputs)
        for name, model in models.items()
    }


def _score_validation(data: EvaluationInput, seed: int) -> dict[str, float]:
    """Return the headline metric by baseline, trained on training rows, of the validation rows."""
    train, validation, headline = data.train, data.validation, data.task.metrics.headline
    outputs = data.task.baselines.predict(
        data.kind, train.rows, train.targets, validation.rows, seed
    )
    scores = _score(outputs, np.asarray(validation.targets))
    return {name: metrics[headline] for name, metrics in scores.items()}


def _score_folds(
    data: EvaluationInput, rows: Sequence[Any], targets: Targets, count: int, seed: int, bar: Any
) -> dict[str, float]:
    """Return the headline metric by baseline: the mean over folds, weighted by their rows."""
    task, totals = data.task, dict[str, float]()
    folds = assign_folds(task.comparison.strata(targets), count, seed)  # (rows,)
    for fold in range(count):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        outputs = task.baselines.predict(
            data.kind, [rows[int(row)] for row in outside], targets[outside],
            [rows[int(row)] for row in inside], seed,
        )  # fmt: skip
        for name, metrics in _score(outputs, targets[inside]).items():
            share = len(inside) / len(rows)
            totals[name] = totals.get(name, 0.0) + share * metrics[task.metrics.headline]
        bar.update()
    return totals


def compare(data: EvaluationInput, baseline: ModelOutputs, seed: int) -> PairedComparison:
    """Compare the network with a baseline by the headline metric of the test rows."""
    ours = ModelOutputs(data.task.spec, data.outputs)
    return compare_models(data.task, np.asarray(data.test.targets), ours, baseline, seed)
