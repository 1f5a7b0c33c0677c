"""Where trials run. Light, so that their processes begin to load before the driver does."""

from pathlib import Path
from typing import TYPE_CHECKING

from conveyor import files
from conveyor.sweep.executors.processes import LocalExecutor, running_forkserver
from conveyor.sweep.protocol import Executor

if TYPE_CHECKING:
    from conveyor.config import Sweep

TRIAL = "conveyor.training.trial:run"


def executor_for(sweep: "Sweep", prepared: Path, trial: str = TRIAL) -> Executor:
    """What `sweep.executor` names, on its way: its processes load TensorFlow from here on.

    Args:
        prepared: folder of the prepared data.
        trial: "module:function" that runs one trial in its process; see `TrialJob`, `Channel`.
    """
    if sweep.executor == "ray":
        from conveyor.sweep.executors.ray_cluster import RayExecutor

        return RayExecutor(trial, sweep.ray, prepared)
    return LocalExecutor(trial)


def load_trials_ahead(config: Path) -> None:
    """Let TensorFlow load before the configuration is checked, which takes 0.3 s, if that has
    trials run here. What is wrong with its file, its reader tells."""
    try:
        sweep = files.read_yaml(config)["sweep"]
        wanted = sweep["enabled"] and sweep["executor"] == "local"
    except Exception:
        return
    if wanted:
        running_forkserver(TRIAL)
