"""Retrain: update the data, review the new rows, train if there is a reason, promote or not.

A second run on the same data does nothing.

exit codes:
   0  a new champion serves, or one serves again that was lost
  10  nothing to do: nothing changed, no trigger of retrain.when fired, or the model is registered
  11  not promoted, or no version can serve; the reasons are printed
  12  another retraining, or a DVC command, is running
   2  configuration or data cannot be used
   1  any other failure; the champion still serves, and the next run goes on
"""

from argparse import ArgumentParser, Namespace

from conveyor.config import RetrainConfig, load
from conveyor.doctor.examine import require_ready
from conveyor.errors import ExitCode
from conveyor.paths import Paths
from conveyor.recovery.dvc import keep_lock
from conveyor.report.page import page_after
from conveyor.retraining.dvc import update_configuration
from conveyor.retraining.job import Job
from conveyor.retraining.lock import retraining_lock
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.notify import record_failure, record_outcome, record_refusal
from conveyor.tracking.retraining import retrain_run
from pipeline import number, run_script


def retrain(args: Namespace) -> ExitCode:
    paths = Paths()
    with retraining_lock(paths, args.wait), page_after(paths):
        require_ready(paths)
        with record_refusal(paths):
            changed = update_configuration(paths)
        config = load(RetrainConfig)
        with retrain_run(config.name, paths) as run:
            job = Job(config, paths, ChampionMonitor(config, paths, run))
            with record_failure(config, paths, run, job):
                outcome = job.run(changed)
                keep_lock(paths)
            record_outcome(config, paths, run, outcome)
        print(outcome.summary())
        return outcome.code


def add_options(parser: ArgumentParser) -> None:
    wait = "wait so many seconds for another retraining to end (default: %(default)g)"
    parser.add_argument("--wait", type=number(float, 0), default=0.0, metavar="SECONDS", help=wait)


if __name__ == "__main__":
    run_script(retrain, __doc__, add_options)
