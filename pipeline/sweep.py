"""Stage `sweep`: an Optuna study over the search space. TensorFlow only in its trial processes."""

from argparse import ArgumentParser, Namespace

from conveyor.config import SweepConfig, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import champion_settings
from conveyor.sweep.check import find_obstacle
from conveyor.sweep.executors import make_executor
from conveyor.sweep.report.outputs import write_nothing
from conveyor.sweep.report.status import describe
from conveyor.sweep.run import join_sweep, run_sweep
from conveyor.sweep.study import SweepStudy
from conveyor.tracking.sweeps import SweepRecorder
from pipeline import run_script


def sweep(config: SweepConfig, paths: Paths, digest: str, *, join: bool = False) -> None:
    recorder = SweepRecorder(config.name, paths, digest, leads=not join)
    warm_start = config.sweep.warm_start.champion and not join
    champion = champion_settings(config.name, paths) if warm_start else None
    executor = make_executor(config.sweep, paths.prepared)
    with SweepStudy(paths.scratch, config, digest, "join" if join else "lead") as study:
        if join:
            join_sweep(study, recorder, executor)
        else:
            run_sweep(study, paths, recorder, executor, champion)


def add_options(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--join", action="store_true", help="join it as an additional driver")
    group.add_argument("--status", action="store_true", help="show the sweep's status")
    group.add_argument("--storage", action="store_true", help="print the URL for optuna-dashboard")


def main(args: Namespace) -> None:
    config, paths = load(SweepConfig), Paths()
    meta = Prepared(paths.prepared).meta
    if args.status or args.storage:
        with SweepStudy(paths.scratch, config, meta.digest, "read") as study:
            print(describe(study) if args.status else study.url)
    elif obstacle := find_obstacle(config.sweep, meta.counts):
        write_nothing(paths.sweep, obstacle)
    else:
        sweep(config, paths, meta.digest, join=args.join)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
