"""The metrics that runs have in MLflow: few, and the ones that are compared sort first.

`objective`, then `test_…`, `train_…` and `val_…`, and last `within/…`, what happens inside the
layers of a network that trains. Whatever else a trial or an evaluation measures
is a parameter, a tag or an artifact of its run.
"""

from collections.abc import Mapping

from conveyor.metrics.layers import is_within
from conveyor.tasks.objectives import COSTS, VALIDATION

OBJECTIVE = "objective"  # of each trial: the first objective of its sweep
TEST, TRAIN = "test_", "train_"  # prefixes of metrics of test and training rows
BEST, STD = "_best", "_std"
COST = "cost."  # prefix of parameters: what the network costs


def name_curves(metrics: Mapping[str, float]) -> dict[str, float]:
    """Name the metrics of one validation.

    >>> name_curves({"loss": 0.5, "val_loss": 0.6, "within/dead_units/lstm_0": 0.0})
    {'train_loss': 0.5, 'val_loss': 0.6, 'within/dead_units/lstm_0': 0.0}
    """
    return {
        name if name.startswith(VALIDATION) or is_within(name) else f"{TRAIN}{name}": value
        for name, value in metrics.items()
    }


def name_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Name the metrics of the validation rows at the best validation; leave the others out.

    >>> name_best({"loss": 0.5, "val_loss": 0.6, "val_loss_std": 0.1})
    {'val_loss_best': 0.6, 'val_loss_best_std': 0.1}
    """
    return {
        f"{name.removesuffix(STD)}{BEST}{STD if name.endswith(STD) else ''}": value
        for name, value in metrics.items()
        if name.startswith(VALIDATION)
    }


def name_costs(metrics: Mapping[str, float]) -> dict[str, str]:
    """Name what the network costs, as parameters of a run.

    >>> name_costs({"parameters": 825.0, "latency_ms": 0.25})
    {'cost.parameters': '825', 'cost.latency_ms': '0.25'}
    """
    return {f"{COST}{name}": f"{metrics[name]:.10g}" for name in COSTS if name in metrics}
