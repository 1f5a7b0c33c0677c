"""Measures what it costs a fit to look inside its layers: norms, saturated gates, dead units.

    python benchmarks/fitting/layer_statistics.py [OVERRIDE ...] [--rounds 5]

Each round fits twice, each time in a process of its own: without and with the statistics. Prints
processor seconds of a fit as medians over the rounds, and the ratio within a round. OVERRIDE is one
of Hydra, such as choose.experiment=vader_tweets or train.updates=3000.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]


def configure(overrides: list[str]) -> Config:
    """Return the configuration of one fit, without folds and refit."""
    changes = {"train.refit": False, "train.folds": None}
    return overlay(compose(Paths(ROOT), overrides), changes)


def fit(folder: Path, overrides: list[str], *, look_inside: bool) -> float:
    """Return the processor seconds of one fit on the prepared data of a folder."""
    from conveyor.training.threads import set_threads
    from conveyor.training.validated_fit import choose_rows, fit_best, start_state

    config, prepared = configure(overrides), Prepared(folder)
    set_threads(config, os.cpu_count() or 1)
    rows = choose_rows(prepared, None, config.seed)
    began = time.process_time()
    state = start_state(config, prepared, rows)
    fit_best(config, prepared, rows, state, look_inside=look_inside, progress=False)
    return time.process_time() - began


def run_fit(folder: str, variant: str, *overrides: str) -> float:
    """Fit in a process of its own."""
    command = [sys.executable, __file__, "--fit", folder, variant, *overrides]
    done = subprocess.run(command, cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return float(done.stdout)


def measure(overrides: list[str], rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "prepared"
        prepare(configure(overrides).dataset, ROOT, folder, Path(name) / "cache")
        seconds = [
            [run_fit(str(folder), variant, *overrides) for variant in ("without", "with")]
            for _ in range(rounds)
        ]
    plain, looked_into = (median(column) for column in zip(*seconds, strict=True))
    ratio = median(b / a for a, b in seconds)
    print(f"a fit of {plain:.2f} processor seconds takes {looked_into:.2f} with the statistics of "
          f"its layers: {ratio:.3f} times as many ({rounds} rounds)")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fit", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fit:
        prepared, variant = args.fit
        print(fit(Path(prepared), args.overrides, look_inside=variant == "with"))
    else:
        measure(args.overrides, args.rounds)
