"""One tracked thing in a process of its own, which a test can kill.

python tracking_process.py FOLDER connect | dying | register
python tracking_process.py FOLDER train STEPS
python tracking_process.py FOLDER sweep FUNCTION TRIALS [lead|join CHANGES]
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from conveyor.paths import Paths
from conveyor.tracking.open_run import OpenRun
from conveyor.tracking.retraining import retrain_run
from conveyor.tracking.store import connect
from conveyor.tracking.sweeps import SweepRecorder


def sweep(paths: Paths, function: str, trials: int, mode: Any, **changes: Any) -> None:
    from sweeping import settings

    from conveyor.sweep.executors import make_executor
    from conveyor.sweep.run import join_sweep, run_sweep
    from conveyor.sweep.study import SweepStudy

    usual = {
        "trials": trials,
        "max_failed_share": 0.9,
        "trial_time_limit": 5.0 if function == "moody" else None,
        "sampler": {"name": "random", "startup_trials": 0},
        "pruner": {
            "name": "median" if function in ("rising", "differing") else "none",
            "startup_trials": 1,
            "warmup_validations": 2,
        },
    }
    config = settings(**{**usual, **changes})
    recorder = SweepRecorder("toys", paths, "digest", dataset="toys", leads=mode == "lead")
    executor = make_executor(config.sweep, paths.root, f"trial_functions:{function}")
    with SweepStudy(paths.scratch, config, "digest", mode) as study:
        if mode == "join":
            join_sweep(study, recorder, executor)
        else:
            run_sweep(study, paths, recorder, executor)


def register(paths: Paths) -> None:
    """What stage `register` does, but for the gates."""
    import logging

    from conveyor import gates
    from conveyor.registry.package import Challenger
    from conveyor.registry.registry import Registry

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("conveyor").setLevel(logging.INFO)
    registry = Registry("toys", paths)
    print("ready", flush=True)
    sys.stdin.readline()
    with registry.lock:
        challenger = Challenger.read(paths)
        version = registry.find_by_digest(challenger.digest)
        if version is None:
            verdict = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
            version = registry.register(challenger, verdict)
        else:
            print(f"registered already, as version {version.version}")
        registry.apply_verdict(version)


def main() -> None:
    paths, what = Paths(Path(sys.argv[1])), sys.argv[2]
    match what:
        case "connect":
            OpenRun.begin(connect("toys", paths), "run", {}, {"a": 1}).wait_until_created()
        case "dying":
            with retrain_run("toys", paths):
                os.kill(os.getpid(), signal.SIGKILL)
        case "train":
            run = OpenRun.begin(connect("toys", paths), "train", {}, {})
            with run.ending():
                for step in range(int(sys.argv[3])):
                    run.log_metrics({"loss": 1.0 / (step + 1)}, step=step)
                    time.sleep(0.2)
        case "register":
            register(paths)
        case "sweep":
            function, trials, *more = sys.argv[3:]
            mode, changes = more or ("lead", "{}")
            sweep(paths, function, int(trials), mode, **yaml.safe_load(changes))


if __name__ == "__main__":
    main()
