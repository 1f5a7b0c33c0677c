"""Cross-validation inside one fit: every row is validated once, by a network that never saw it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conveyor.config import FitConfig
from conveyor.data.store import Prepared
from conveyor.metrics import Targets
from conveyor.tasks import Task
from conveyor.training.history import SMOOTHED, FitHistory, Metrics
from conveyor.training.state import TrainingState
from conveyor.training.validated_fit import fit_best, start_state, training_and_validation


def cross_validate(
    config: FitConfig, prepared: Prepared, count: int, scratch: Path | None, *, progress: bool
) -> FitHistory:
    """Fit once for each fold, on the rows outside it, and measure all rows together.

    Args:
        count: of folds, into which training and validation rows are divided.
        scratch: folder of the states of the folds, from which a killed fit resumes.
    """
    states, targets = [], []
    for index in range(count):
        fold = (index, count)
        path = scratch and scratch / f"fold_{index}.npz"
        state = start_state(config, prepared, fold=fold, path=path)
        fit_best(config, prepared, state, fold=fold, progress=progress)
        states.append(state)
        _, validation = training_and_validation(prepared, fold, config.seed)
        batches = validation.by_length(state.budget.batch_size)
        targets.append(np.concatenate([batch_targets for _, _, batch_targets in batches]))
    return _pool(config, prepared, states, targets)


def _pool(
    config: FitConfig,
    prepared: Prepared,
    states: Sequence[TrainingState],
    targets: Sequence[Targets],
) -> FitHistory:
    """Join the folds' validations to those of all rows, and choose the best.

    Args:
        targets: of each fold's validation rows, in the order of its state's outputs.
    """
    head = prepared.task.head(config.head)
    pooled = FitHistory(prepared.task.metrics, SMOOTHED)
    all_targets = np.concatenate(targets)
    counts = [len(fold_targets) for fold_targets in targets]
    decisions = []
    for number in range(min(len(state.history.validations) for state in states)):
        outputs = np.concatenate([state.outputs[number] for state in states])
        decision = head.choose_decision(all_targets, outputs)
        rows = [state.history.validations[number] for state in states]
        pooled.validations.append(_mean_metrics(rows, counts))
        metrics = Task(decision).metrics
        names = [name for name in metrics.metrics if f"val_{name}" in rows[0]]
        scores = metrics.compute(names, all_targets, outputs)
        pooled.validations[-1] |= {f"val_{name}": value for name, value in scores.items()}
        decisions.append(decision)
    pooled.best_validation = pooled.find_best()
    pooled.best_target = decisions[pooled.best_validation - 1]
    return pooled


def _mean_metrics(rows: Sequence[Metrics], counts: Sequence[int]) -> Metrics:
    """Return the mean of each metric, weighted by the validation rows of the folds."""
    return {
        name: float(np.average([row[name] for row in rows], weights=counts)) for name in rows[0]
    }
