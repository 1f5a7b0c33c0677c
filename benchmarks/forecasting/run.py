"""Compares forecasts of ETTh1 with those of neuralforecast's LSTM, by the time that they take.

    benchmarks/forecasting/setup.sh                                    # once: the peer
    python benchmarks/forecasting/run.py --data FOLDER [--seeds 17 18 19]
    python benchmarks/forecasting/run.py --print                       # prints results.json

FOLDER holds etth1/ETTh1.csv. For each seed both are fitted in turns, each in a process of its own
with as many threads as there are cores: the experiment etth1, and the peer at its defaults. Both
have the same rows, in the same standard deviations, and forecast from every origin of the test
months. Times count from the start of the process, so they have the libraries and the reading of the
data in them. `--seconds` ends the peer's training early, which changes nothing before: its learning
rate is constant. A fit that results.json has already is not run again; `--again` forgets them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from conveyor import files
from conveyor.config import PrepareConfig, load
from conveyor.data.store import Prepared
from conveyor.paths import Paths

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
RESULTS = HERE / "results.json"
PEER = ROOT / ".conveyor" / "peers" / "neuralforecast" / "bin" / "python"
PEER_INTERVAL = 100  # of its steps, after which its weights are copied
OWN, OTHER = "Conveyor", "neuralforecast"
sys.path.insert(0, str(HERE.parent))
from datasets_at_hand import make_project, run_stages  # noqa: E402

Point = dict[str, float]  # update, seconds, processor_seconds, mse, mae, origins


def describe_data(paths: Paths) -> dict[str, Any]:
    """Return what the peer must know of the data: the file, the split, and the training steps' mean
    and deviation."""
    dataset: Any = load(PrepareConfig, paths.config).dataset
    spec: Any = Prepared(paths.prepared).task.spec
    [file] = dataset.source.files.values()
    return {
        "file": str(paths.root / file), "time": spec.time, "column": spec.columns[0],
        "horizon": spec.horizon, "mean": spec.mean[0], "std": spec.std[0], "frequency": "h",
        "test": str(dataset.split.test.time), "until": str(dataset.target.until),
    }  # fmt: skip


def fit(command: list[Any]) -> list[Point]:
    """Run a program that fits, and return its points, in the order of time."""
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "src"), "BEGAN": str(time.time()),
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
        # A thread of PyTorch that waits would else keep a core busy, its own and others'.
        "OMP_WAIT_POLICY": "PASSIVE",
    }  # fmt: skip
    done = subprocess.run(
        list(map(str, command)), env=environment, text=True, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def measure(data: Path, seeds: list[int], seconds: float | None, results: dict[str, Any]) -> None:
    """Run the fits that are not in the results, and write each as soon as it is done."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        make_project("etth1", data, project)
        run_stages(project, ("compose", "prepare"))
        settings = describe_data(Paths(project)) | {"interval": PEER_INTERVAL, "seconds": seconds}
        for seed in map(str, seeds):
            commands = {
                OTHER: [PEER, HERE / "peer_fit.py", seed, json.dumps(settings)],
                OWN: [sys.executable, HERE / "own_fit.py", seed, project],
            }
            for name, command in commands.items():
                if name not in results.setdefault(seed, {}):
                    print(f"seed {seed}: {name}", file=sys.stderr, flush=True)
                    results[seed][name] = fit(command)
                    files.write_json(RESULTS, results)


def compare(runs: dict[str, list[Point]]) -> dict[str, float]:
    """Compare the two fits of a seed."""
    peer, own = runs[OTHER][-1], runs[OWN]
    in_time = [point for point in own if point["seconds"] <= peer["seconds"]]
    reached = next((point for point in own if point["mse"] <= peer["mse"]), None)

    def share(unit: str) -> float:
        return reached[unit] / peer[unit] if reached else float("inf")

    return {
        "peer_seconds": peer["seconds"], "peer_mse": peer["mse"], "peer_mae": peer["mae"],
        "peer_lowest": min(point["mse"] for point in runs[OTHER]),
        "mse": in_time[-1]["mse"] if in_time else float("nan"),
        "mae": in_time[-1]["mae"] if in_time else float("nan"),
        "seconds": own[-1]["seconds"],
        "share": share("seconds"), "processor_share": share("processor_seconds"),
    }  # fmt: skip


def table(results: dict[str, dict[str, list[Point]]]) -> str:
    """Format the comparison of each seed, and the medians."""
    head = [
        "seed", "neuralforecast, s", "its MSE", "its MAE", "its lowest MSE on the way",
        "Conveyor, whole fit, s", "MSE after the peer's time", "MAE",
        "share of the peer's s to its MSE", "share of its processor seconds",
    ]  # fmt: skip
    rows = {seed: compare(runs) for seed, runs in results.items() if len(runs) == 2}
    if len(rows) > 1:
        names = next(iter(rows.values()))
        rows["median"] = {name: median(row[name] for row in rows.values()) for name in names}
    lines = [head, ["---"] * len(head)]
    for name, row in rows.items():
        errors = [f"{row[key]:.4f}" for key in ("peer_mse", "peer_mae", "peer_lowest")]
        own = [f"{row['seconds']:.0f}", f"{row['mse']:.4f}", f"{row['mae']:.4f}"]
        shares = [f"{row[key]:.2f}" for key in ("share", "processor_share")]
        lines.append([name, f"{row['peer_seconds']:.0f}", *errors, *own, *shares])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--seeds", type=int, nargs="+", default=[17, 18, 19])
    parser.add_argument("--seconds", type=float, help="of the peer's training; default its own")
    parser.add_argument("--again", action="store_true", help="forget earlier fits")
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    args = parser.parse_args()
    results = files.read_json(RESULTS) if RESULTS.is_file() and not args.again else {}
    if not args.print:
        if args.data is None:
            parser.error("expected --data FOLDER, which holds etth1/ETTh1.csv")
        if not PEER.is_file():
            parser.error("expected the peer's environment; run benchmarks/forecasting/setup.sh")
        measure(args.data, args.seeds, args.seconds, results)
    print(table(results))
