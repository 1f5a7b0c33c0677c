"""Stage `sweep`: an Optuna study over the search space. TensorFlow only in its trial processes."""

from argparse import ArgumentParser, Namespace

from conveyor.config import SweepConfig, load
from conveyor.data.store import Meta, Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import champion_settings
from conveyor.sweep.executors import make_executor
from conveyor.sweep.plan import log_size, resolve_trials, skip_search
from conveyor.sweep.report.status import describe
from conveyor.sweep.run import join_sweep, run_sweep
from conveyor.sweep.study import SweepStudy
from conveyor.tracking.sweeps import SweepRecorder
from pipeline import run_script


def sweep(config: SweepConfig, paths: Paths, meta: Meta, *, join: bool = False) -> None:
    recorder = SweepRecorder(config.name, paths, meta.digest, dataset=meta.name, leads=not join)
    warm_start = config.sweep.warm_start.champion and not join
    champion = champion_settings(config.name, paths) if warm_start else None
    executor = make_executor(config.sweep, paths.prepared)
    mode = "join" if join else "lead"
    with SweepStudy(paths.scratch, config, meta.digest, mode, dataset=meta.name) as study:
        log_size(study, meta.counts)
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
    paths = Paths()
    meta = Prepared(paths.prepared).meta
    config = resolve_trials(load(SweepConfig), meta.counts)
    if args.status or args.storage:
        with SweepStudy(paths.scratch, config, meta.digest, "read") as study:
            print(describe(study) if args.status else study.url)
    elif not skip_search(config.sweep, meta.counts, paths.sweep, paths.sweep_pages):
        sweep(config, paths, meta, join=args.join)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
