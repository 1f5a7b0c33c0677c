"""Where the trials of a sweep run."""

from pathlib import Path

from conveyor.config import Sweep
from conveyor.environment import check_environment
from conveyor.sweep.executors.processes import LocalExecutor
from conveyor.sweep.protocol import Executor

TRIAL = "conveyor.training.trial:run"


def make_executor(sweep: Sweep, prepared: Path, trial: str = TRIAL) -> Executor:
    """Make the executor that `sweep.executor` names; its processes load TensorFlow from here on.

    Args:
        prepared: folder of the prepared data.
        trial: "module:function" that runs one trial in its process; see `TrialJob`, `Channel`.

    Raises:
        InputError: the environment demands what the belt cannot do.
    """
    check_environment()
    if sweep.executor == "ray":
        # Ray is an optional package.
        from conveyor.sweep.executors.ray_cluster import RayExecutor

        return RayExecutor(trial, sweep.ray, prepared)
    return LocalExecutor(trial, prepared)
