"""Stage `train`: fit the sweep's best parameters, export what is evaluated and served.

With --find-learning-rate it only suggests a learning rate, and draws reports/learning_rate.png.
"""

import logging
import os
import shutil

from conveyor import files
from conveyor.config import TrainConfig, load, overlay
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.sweep.best import BEST, read_best
from conveyor.tracking import runs
from pipeline._train_options import run_train

with show_clock("loading TensorFlow"):
    from conveyor.models.cudnn import cudnn_report
    from conveyor.models.devices import gpu_line
    from conveyor.training.fit import fit
    from conveyor.training.initial_weights import InitialWeights, find_origin, keep_random
    from conveyor.training.model_folder import write_model
    from conveyor.training.range_test import find_learning_rate
    from conveyor.training.threads import set_threads

log = logging.getLogger(__name__)


def train(config: TrainConfig, paths: Paths) -> None:
    config = overlay(config, read_best(paths.sweep), origin=str(paths.sweep / BEST))
    prepared = Prepared(paths.prepared)
    digest, dataset = prepared.meta.digest, prepared.meta.name
    origin = find_origin(config.train, paths.init)
    key = files.digest_value([config.model_dump(mode="json"), digest, origin])[:16]
    scratch = paths.scratch / "train" / key  # where an interrupted fit goes on
    with runs.training_run(config, paths, dataset=dataset, data_digest=digest) as run:
        set_threads(config, os.cpu_count() or 1)
        log.info("%s", gpu_line())
        on_built = InitialWeights.read(paths.init, prepared).set if origin else keep_random
        model, history = fit(config, prepared, on_validation=run.log_validation, scratch=scratch,
                             on_built=on_built)  # fmt: skip
        run.log_layers(cudnn_report(model))
        write_model(model, history, config, prepared, paths.model, origin)
        run.log_model(paths.model, files.digest_tree(paths.model))
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run_train(lambda: load(TrainConfig), train, find_learning_rate, __doc__)
