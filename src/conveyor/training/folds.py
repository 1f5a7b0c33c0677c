"""Cross-validation inside one fit: every row is validated once, by a network that never saw it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conveyor.config import FitConfig
from conveyor.data.store import Prepared
from conveyor.encoding.ragged import batches_by_length
from conveyor.metrics import MetricTable, Outputs, Targets
from conveyor.metrics.resampling import intervals
from conveyor.tasks import Task
from conveyor.training.history import SMOOTHED, FitHistory, Metrics
from conveyor.training.initial_weights import OnBuilt
from conveyor.training.state import TrainingState
from conveyor.training.validated_fit import choose_rows, fit_best, start_state

SAMPLES, ONE_STANDARD_ERROR = 200, 0.683  # of the bootstrap; the share of a normal distribution


def cross_validate(
    config: FitConfig, prepared: Prepared, count: int, scratch: Path | None, on_built: OnBuilt, *,
    progress: bool,
) -> FitHistory:  # fmt: skip
    """Fit once for each fold, on the rows outside it, and measure all rows together.

    Args:
        count: of folds, into which training and validation rows are divided.
        scratch: folder of the states of the folds, from which a killed fit resumes.
        on_built: called with each fold's model before it is trained.
    """
    states, targets = [], []
    for index in range(count):
        rows = choose_rows(prepared, (index, count), config.seed)
        path = scratch and scratch / f"fold_{index}.npz"
        state = start_state(config, prepared, rows, path=path, keep_outputs=True)
        fit_best(
            config, prepared, rows, state, on_built=on_built, look_inside=True, progress=progress
        )
        states.append(state)
        batches = batches_by_length(rows.validation.lengths, state.budget.batch_size)
        targets.append(rows.validation.targets[np.concatenate(batches)])
    return _pool(config, prepared, states, targets)


def _pool(
    config: FitConfig,
    prepared: Prepared,
    states: Sequence[TrainingState],
    targets: Sequence[Targets],
) -> FitHistory:
    """Join the folds' validations to those of all rows, and choose one.

    The choice is the last one that is within one standard error of the best (the rule of Breiman et
    al. 1984, Classification and regression trees): few rows tell little between them, and a
    learning rate that has fallen to the end of its schedule is worth more than the difference.

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
    best = pooled.find_best() - 1
    outputs = np.concatenate([state.outputs[best] for state in states])
    margin = _standard_error(Task(decisions[best]).metrics, all_targets, outputs)
    pooled.best_validation = pooled.find_last_within(margin)
    pooled.best_target = decisions[pooled.best_validation - 1]
    return pooled


def _standard_error(metrics: MetricTable, targets: Targets, outputs: Outputs) -> float:
    """Return half of the interval of the headline metric that is one standard error to each side,
    by a bootstrap over rows."""
    sampled = intervals(
        metrics, targets, outputs, samples=SAMPLES, confidence=ONE_STANDARD_ERROR, seed=0
    )
    low, high = sampled.get(metrics.headline, (0.0, 0.0))  # none where no draw defines it
    return (high - low) / 2


def _mean_metrics(rows: Sequence[Metrics], counts: Sequence[int]) -> Metrics:
    """Return the mean of each metric, weighted by the validation rows of the folds."""
    return {
        name: float(np.average([row[name] for row in rows], weights=counts)) for name in rows[0]
    }
