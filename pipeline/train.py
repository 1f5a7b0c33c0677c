"""Stage `train`: fit the sweep's best parameters, export what is evaluated and served.

With --find-learning-rate it only suggests a learning rate, and draws reports/learning_rate.png.
"""

import shutil
from argparse import Namespace

from conveyor import files
from conveyor.config import TrainConfig, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.progress import show_clock
from conveyor.sweep.best import apply_best
from conveyor.tracking import runs
from pipeline import run_script
from pipeline._train_options import add_options

with show_clock("loading TensorFlow"):
    from conveyor.models.cudnn import cudnn_report
    from conveyor.training.fit import fit, name_fit
    from conveyor.training.initial_weights import InitialWeights, find_origin, keep_random
    from conveyor.training.model_folder import write_model
    from conveyor.training.process import prepare_process
    from conveyor.training.range_test import find_learning_rate


def train(config: TrainConfig, paths: Paths) -> None:
    prepared = Prepared(paths.prepared)
    digest, origin = prepared.meta.digest, find_origin(config.train, paths.init)
    scratch = paths.scratch / "train" / name_fit(config, digest, origin)
    with runs.training_run(config, paths, dataset=prepared.meta.name, data_digest=digest) as run:
        on_built = InitialWeights.read(paths.init, prepared).set if origin else keep_random
        model, history = fit(config, prepared, on_validation=run.log_validation, scratch=scratch,
                             on_built=on_built)  # fmt: skip
        run.log_layers(cudnn_report(model))
        write_model(model, history, config, prepared, paths.model, origin)
        run.log_model(paths.model, files.digest_tree(paths.model))
    shutil.rmtree(scratch, ignore_errors=True)


def main(args: Namespace) -> None:
    config, paths = load(TrainConfig), Paths()
    if args.find_learning_rate:
        print(find_learning_rate(config, paths))
    else:
        config = apply_best(config, paths.sweep)
        prepare_process(config)
        train(config, paths)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
