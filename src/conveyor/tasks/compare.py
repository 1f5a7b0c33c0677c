"""Two models beside each other on the same rows, by the headline metric of their task."""

from conveyor.metrics import Targets
from conveyor.metrics.paired import LEVEL, SAMPLES, PairedComparison
from conveyor.metrics.resampling import paired_gain
from conveyor.tasks.task import Task
from conveyor.tasks.values import ModelOutputs


def compare_models(
    task: Task, targets: Targets, ours: ModelOutputs, theirs: ModelOutputs, seed: int
) -> PairedComparison:
    """Compare two models with the task's paired test.

    Args:
        targets: of the rows, first axis (rows,).
        seed: of the bootstrap behind the standard error.
    """
    tables, metric = (Task(ours.spec).metrics, Task(theirs.spec).metrics), task.metrics.headline
    gain = paired_gain(
        tables, metric, targets, ours.outputs, theirs.outputs,
        samples=SAMPLES, confidence=1 - LEVEL, seed=seed, units=task.comparison.units(targets),
    )  # fmt: skip
    p_values = task.comparison.p_values(targets, ours, theirs)
    return PairedComparison(
        metric=metric,
        ours=tables[0].compute_one(metric, targets, ours.outputs),
        theirs=tables[1].compute_one(metric, targets, theirs.outputs),
        gain=gain["gain"],
        standard_error=gain["standard_error"],
        p_value=p_values.two_sided,
        p_better=p_values.better,
        test=task.comparison.test_title,
    )
