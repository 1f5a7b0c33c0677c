"""What a sweep can optimise or constrain, and which way each is better.

The metrics of all tasks stand in one table: a name has one direction, whatever the task.
"""

from functools import cache

from conveyor.metrics import Better
from conveyor.tasks.task import TASKS, load_metrics

VALIDATION = "val_"  # prefix of a metric of the validation rows
# Costs of the network, known once for each trial.
COSTS: dict[str, Better] = {"parameters": "lower", "flops": "lower", "latency_ms": "lower"}


@cache
def validation_objectives() -> dict[str, Better]:
    """Return those known after every validation, so that a pruner can judge a trial by them."""
    of_tasks: dict[str, Better] = {
        f"{VALIDATION}{name}": metric.better
        for task in TASKS
        for name, metric in load_metrics(task).items()
    }
    return {f"{VALIDATION}loss": "lower", **of_tasks}


def objectives() -> dict[str, Better]:
    """Return the direction of everything that a sweep can optimise or constrain, by name."""
    return {**validation_objectives(), **COSTS}
