"""What a sweep can optimise or constrain, and which way each is better."""

from typing import Literal

from conveyor.metrics.table import METRICS

Better = Literal["higher", "lower"]

VALIDATION = "val_"  # prefix of a metric of the validation rows
# Known after every epoch, so that a pruner can judge a trial by them.
EPOCH_OBJECTIVES: dict[str, Better] = {
    f"{VALIDATION}loss": "lower",
    **{f"{VALIDATION}{name}": metric.better for name, metric in METRICS.items()},
}
# Costs of the network, known once for each trial.
COSTS: dict[str, Better] = {"parameters": "lower", "flops": "lower", "latency_ms": "lower"}
OBJECTIVES: dict[str, Better] = {**EPOCH_OBJECTIVES, **COSTS}
