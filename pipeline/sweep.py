"""Stage `sweep`: an Optuna study over the search space. TensorFlow only in its trial processes."""

import argparse
from typing import TYPE_CHECKING

from conveyor.paths import Paths
from conveyor.sweep.executors import executor_for, load_trials_ahead
from pipeline import stage

if TYPE_CHECKING:
    from conveyor.config import Config


def sweep(config: "Config", paths: Paths, *, join: bool = False) -> None:
    executor = executor_for(config.sweep, paths.prepared) if config.sweep.enabled else None
    from conveyor.data.store import Prepared
    from conveyor.sweep.run import join_sweep, run_sweep, skip_sweep
    from conveyor.tracking import only_runs

    if executor is None:
        skip_sweep(paths.sweep)
        return
    with only_runs():
        from conveyor.registry.champion import champion_settings
        from conveyor.tracking.sweeps import SweepRecorder

    digest = Prepared(paths.prepared).meta.digest
    recorder = SweepRecorder(config.name, paths, digest, leads=not join)
    if join:
        join_sweep(config, paths.prepared, digest, paths.scratch, recorder, executor)
        return
    champion = config.sweep.warm_start.champion and champion_settings(config.name, paths)
    run_sweep(config, paths.prepared, digest, paths.sweep, paths.scratch, recorder, executor,
              pages=paths.sweep_pages, champion=champion or None)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m pipeline.sweep", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--join", action="store_true", help="help with this sweep as one more driver")
    what.add_argument("--status", action="store_true", help="tell what the sweep is doing")
    what.add_argument("--storage", action="store_true", help="tell where optuna-dashboard finds it")
    given = parser.parse_args()
    with stage("sweep"):
        paths, looks = Paths(), given.status or given.storage
        if not looks:  # TensorFlow loads beside while all the rest loads here
            load_trials_ahead(paths.config)
        from conveyor.config import load

        config = load("name", "seed", "model", "train", "sweep")
        if looks:
            from conveyor.data.store import Prepared
            from conveyor.sweep.report.status import status, storage

            tell = status if given.status else storage
            print(tell(config, Prepared(paths.prepared).meta.digest, paths.scratch))
        else:
            sweep(config, paths, join=given.join)
