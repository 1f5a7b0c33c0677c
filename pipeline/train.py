"""Stage `train`: fit the sweep's best parameters, export what is evaluated and served.

TensorFlow loads in the process that trains, while all the rest loads here.
"""

import shutil
from typing import TYPE_CHECKING

from conveyor.beside import Beside
from conveyor.paths import Paths
from pipeline import stage

if TYPE_CHECKING:
    from conveyor.config import Config

TRAINING = "conveyor.training.final:run"


def train(config: "Config", paths: Paths, training: Beside) -> None:
    from conveyor import files
    from conveyor.config import overlay
    from conveyor.config.load import dump
    from conveyor.data.store import Prepared
    from conveyor.sweep.best import read_best
    from conveyor.tracking import only_runs

    config = overlay(config, read_best(paths.sweep), origin="artifacts/sweep/best.yaml")
    digest = Prepared(paths.prepared).meta.digest
    scratch = paths.scratch / "train" / files.digest_value([dump(config), digest])[:16]
    training.begin(config, paths, scratch)
    with only_runs():
        from conveyor.tracking import runs
    told = iter(training)
    with runs.training_run(config, paths, data_digest=digest) as run:
        run.log_layers(next(told))
        for epoch, metrics in told:
            run.log_epoch(epoch, metrics)
        run.fitted(paths)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    with stage("train"), Beside(TRAINING) as training:
        from conveyor.config import load

        train(load("name", "seed", "model", "train", "serving"), Paths(), training)
