"""Stage `sweep`: an Optuna study over the search space. TensorFlow only in its trial processes."""

from conveyor.config import Config, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.sweep.run import run_sweep
from conveyor.tracking.sweeps import SweepRecorder
from pipeline import stage


def sweep(config: Config, paths: Paths) -> None:
    digest = Prepared(paths.prepared).meta.digest
    recorder = SweepRecorder(config.name, paths, digest)
    run_sweep(config, paths.prepared, digest, paths.sweep, paths.scratch, recorder)


if __name__ == "__main__":
    with stage("sweep"):
        sweep(load("name", "seed", "model", "train", "sweep"), Paths())
