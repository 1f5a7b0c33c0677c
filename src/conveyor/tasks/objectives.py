"""What a sweep can optimise or constrain, and which way each is better.

The metrics of all tasks stand in one table: a name has one direction, whatever the task.
"""

from conveyor.metrics import Better
from conveyor.tasks.task import TASKS, load_metrics

VALIDATION = "val_"  # prefix of a metric of the validation rows
# Known after every validation, so that a pruner can judge a trial by them.
VALIDATION_OBJECTIVES: dict[str, Better] = {
    f"{VALIDATION}loss": "lower",
    **{
        f"{VALIDATION}{name}": metric.better
        for task in TASKS
        for name, metric in load_metrics(task).items()
    },
}
# Costs of the network, known once for each trial.
COSTS: dict[str, Better] = {"parameters": "lower", "flops": "lower", "latency_ms": "lower"}
OBJECTIVES: dict[str, Better] = {**VALIDATION_OBJECTIVES, **COSTS}
