"""Where trials run. Light, so that their processes begin to load before the driver does."""

from pathlib import Path

from conveyor.config import Sweep
from conveyor.sweep.process import LocalExecutor
from conveyor.sweep.protocol import Executor

TRIAL = "conveyor.training.trial:run"


def executor_for(sweep: Sweep, prepared: Path, trial: str = TRIAL) -> Executor:
    """What `sweep.executor` names, on its way: its processes load TensorFlow from here on.

    Args:
        prepared: folder of the prepared data.
        trial: "module:function" that runs one trial in its process; see `TrialJob`, `Channel`.
    """
    if sweep.executor == "ray":
        from conveyor.sweep.ray_executor import RayExecutor

        return RayExecutor(trial, sweep.ray, prepared)
    return LocalExecutor(trial)
