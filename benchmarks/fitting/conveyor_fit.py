"""One fit by Conveyor in a process of its own: `python conveyor_fit.py JSON`, run by run.py.

The working directory is a project tree, of whichever revision. Prints JSON: seconds from the start
of `fit` to the end of the first epoch, and the median seconds of a later one.
"""

import itertools
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

from conveyor.config import overlay
from conveyor.config.compose import compose
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.training.fit import fit

if __name__ == "__main__":
    changes, prepared = json.loads(sys.argv[1]), Prepared(Path(sys.argv[2]))
    config = overlay(compose(Paths(Path.cwd())), changes)
    try:
        from conveyor.training.threads import set_threads
    except ImportError:  # a revision from before them
        pass
    else:
        set_threads(config, os.cpu_count() or 1)
    times = [time.perf_counter()]
    fit(config, prepared, refit=False, progress=False,
        on_epoch=lambda epoch, row: times.append(time.perf_counter()))  # fmt: skip
    epochs = [b - a for a, b in itertools.pairwise(times[1:])]
    print(json.dumps({"first": times[1] - times[0], "epoch": median(epochs)}))
