"""Measures a fit of the default experiment, and the gain of each choice behind it.

    python benchmarks/fitting/run.py [NAME ...] [--rounds 5]     # measures, writes results.json
    python benchmarks/fitting/run.py --print                     # prints results.json

Each round runs all variants once, in turns, each in a process of its own. Numbers are medians over
the rounds; ratios to the first variant are computed within a round.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from conveyor import files
from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.paths import Paths

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
RESULTS = HERE / "results.json"
EPOCHS = 12
FIGURES = {"first": "first epoch, s", "first_cpu": "processor, s",
           "epoch": "a later epoch, s", "epoch_cpu": "processor, s"}  # fmt: skip
KERAS = {"autotune": False, "steps_per_execution": 1}
WIDE = {"model.units": [256, 256], "train.batch_size": 64}
# name -> title, then variant -> (script, settings)
COMPARISONS: dict[str, tuple[str, dict[str, tuple[str, dict[str, Any]]]]] = {
    "threads": (
        "TensorFlow's threads: all cores, as it has them by itself, and auto",
        {
            "all cores": (
                "conveyor_fit.py",
                {"train.intra_op": os.cpu_count(), "train.inter_op": os.cpu_count()},
            ),
            "auto": ("conveyor_fit.py", {}),
        },
    ),
    "threads, wide": (
        "The same for two layers of 256 units and batches of 64",
        {
            "all cores": (
                "conveyor_fit.py",
                {**WIDE, "train.intra_op": os.cpu_count(), "train.inter_op": os.cpu_count()},
            ),
            "auto": ("conveyor_fit.py", WIDE),
        },
    ),
    "autotune": (
        "Keras's fit on a generator through tf.data, whose tuner is on by itself",
        {
            "tuner on": ("keras_fit.py", {**KERAS, "autotune": True}),
            "tuner off": ("keras_fit.py", KERAS),
        },
    ),
    "steps_per_execution": (
        "Keras's fit with several steps in a graph, beside Conveyor's loop",
        {
            "Keras, 1 step": ("keras_fit.py", KERAS),
            "Keras, 4 steps": ("keras_fit.py", {**KERAS, "steps_per_execution": 4}),
            "Keras, 16 steps": ("keras_fit.py", {**KERAS, "steps_per_execution": 16}),
            "Conveyor": ("conveyor_fit.py", {}),
        },
    ),
}


def once(script: str, settings: dict[str, Any], prepared: Path) -> dict[str, float]:
    limits = {"train.epochs": EPOCHS}
    command = [sys.executable, str(HERE / script), json.dumps(limits | settings), str(prepared)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def measure(names: list[str], rounds: int) -> None:
    """Run the comparisons, and write each as soon as it is done."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(compose(Paths(ROOT)).dataset, ROOT, folder / "prepared", folder / "cache")
        for comparison in names:
            results: dict[str, list[dict[str, float]]] = {}
            for number in range(rounds):
                print(f"{comparison}: round {number + 1}", file=sys.stderr, flush=True)
                for contender, (script, settings) in COMPARISONS[comparison][1].items():
                    figures = once(script, settings, folder / "prepared")
                    results.setdefault(contender, []).append(figures)
            saved = files.read_json(RESULTS) if RESULTS.is_file() else {}
            files.write_json(RESULTS, saved | {comparison: results})


def ratio(results: dict[str, list[dict[str, float]]], contender: str, figure: str) -> float:
    """Compute the ratio of a variant to the first one, as the median over the rounds."""
    first = next(iter(results.values()))
    return median(b[figure] / a[figure] for a, b in zip(first, results[contender], strict=True))


def table(saved: dict[str, Any]) -> str:
    parts = []
    for name, (title, contenders) in COMPARISONS.items():
        if name not in saved:
            continue
        results = {contender: saved[name][contender] for contender in contenders}
        rounds = len(next(iter(results.values())))
        head = [name for figure in FIGURES for name in (FIGURES[figure], "ratio")]
        lines = [f"{title} ({rounds} rounds):", "", f"| | {' | '.join(head)} |",
                 "| --- " * (len(head) + 1) + "|"]  # fmt: skip
        for contender, figures in results.items():
            cells = [cell for figure in FIGURES
                     for cell in (f"{median(m[figure] for m in figures):.3f}",
                                  f"{ratio(results, contender, figure):.2f}")]  # fmt: skip
            lines.append(f"| {contender} | {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(COMPARISONS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        measure(args.names or list(COMPARISONS), args.rounds)
    print(table(files.read_json(RESULTS)))
