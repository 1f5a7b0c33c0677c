"""Compares Conveyor's sweep with its peers: the same network, data, space and time, in turns.

    benchmarks/peers/setup.sh                    # once: the peers' own environments
    python benchmarks/peers/run.py --seconds 120 --rounds 5

Over all rounds it prints the median wall time from the start of the process to each score, the best
validation loss, trials, failed trials, and the peak memory of all processes. For each round it
prints Conveyor's time to the best score of that round's peers, divided by the time of the first
peer to reach it. Writes results.json; `--print` prints the stored results. An interrupted run
continues with the next program. Needs prepared data (`make`).
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

import psutil

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
PEERS = ROOT / ".conveyor" / "peers"
MODERN, OLD = PEERS / "modern" / "bin" / "python", PEERS / "hydra" / "bin" / "python"
CONTENDERS = {
    "Conveyor, pruning": [sys.executable, "conveyor_sweep.py", "median"],
    "hydra-optuna-sweeper": [OLD, "hydra_sweep.py", "--multirun"],
    "KerasTuner, Hyperband": [MODERN, "tuner.py", "hyperband"],
    "Conveyor, no pruning": [sys.executable, "conveyor_sweep.py", "none"],
    "KerasTuner, Bayesian": [MODERN, "tuner.py", "bayesian"],
    "Optuna by hand, pruning": [MODERN, "hand.py"],
}
LEVELS = 5
FIRST_SEED = 17  # of the first round; each round adds 1
RESULTS, UNFINISHED = HERE / "results.json", PEERS / "race.json"


def compete(command: list[Any], seconds: float, seed: int) -> dict[str, Any]:
    """Run one program for a time: return its trials and the peak memory of its processes, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "trials"
        log.touch()
        environment = {
            **os.environ, "TRIALS": str(log), "PREPARED": str(ROOT / "data" / "prepared"),
            "SEED": str(seed), "PYTHONPATH": f"{HERE}:{ROOT / 'src'}", "TF_CPP_MIN_LOG_LEVEL": "3",
        }  # fmt: skip
        extra = [f"hydra.sweep.dir={folder}", f"hydra.sweeper.sampler.seed={seed}"]
        command = [*command, *(extra if "--multirun" in command else [])]
        process = subprocess.Popen(command, cwd=HERE, env=environment, start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
        began, peak = time.monotonic(), 0.0
        while time.monotonic() - began < seconds and process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.5)
        if process.poll() is not None:
            message = process.stderr.read().decode()[-2000:] if process.stderr else ""
            raise SystemExit(f"{command} ended before its time:\n{message}")
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.communicate()
        lines = [line.split(",") for line in log.read_text().splitlines()]
    trials = [(float(seconds), float(loss), state) for seconds, loss, state in lines]
    return {"trials": trials, "peak": peak}


def memory(pid: int) -> float:
    """Measure the proportional set size of a process tree in MiB; shared pages count once."""
    total = 0.0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in processes:
            total += process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0
    return total


def reached(trials: list[Any], level: float) -> float | None:
    return next(
        (seconds for seconds, loss, state in trials if state == "complete" and loss <= level), None
    )


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Format the comparison as Markdown."""
    peers = [name for name in results if not name.startswith("Conveyor")]
    best = {name: min(loss for run in runs for _, loss, state in run["trials"]
                      if state == "complete") for name, runs in results.items()}  # fmt: skip
    top = min(best[name] for name in peers)
    worst = max(median(run["trials"][0][1] for run in results[name]) for name in peers)
    levels = [worst * (top / worst) ** (i / (LEVELS - 1)) for i in range(LEVELS - 1)] + [top]
    head = ["", *(f"s to val_loss {level:.4f}" for level in levels), "best val_loss", "trials",
            "failed", "peak MiB"]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for name, runs in results.items():
        cells = []
        for level in levels:
            times = [reached(run["trials"], level) for run in runs]
            reached_times = [t for t in times if t is not None]
            whole = len(reached_times) == len(times)
            cells.append(
                f"{median(reached_times):.0f}"
                if whole
                else f"{min(reached_times):.0f} in {len(reached_times)} of {len(times)}"
                if reached_times
                else "-"
            )
        counts = median(len(run["trials"]) for run in runs)
        failed = sum(state == "failed" for run in runs for *_, state in run["trials"])
        peak = median(run["peak"] for run in runs)
        lines.append([name, *cells, f"{best[name]:.4f}", f"{counts:g}", str(failed), f"{peak:.0f}"])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ratios(results: dict[str, list[dict[str, Any]]]) -> str:
    """Format, for each round, the ratio of the times to the best score of a peer."""
    lines = []
    for name in (name for name in results if name.startswith("Conveyor")):
        each = []
        for number, run in enumerate(results[name]):
            peers = [runs[number]["trials"] for other, runs in results.items()
                     if not other.startswith("Conveyor")]  # fmt: skip
            best = min(loss for trials in peers for _, loss, state in trials if state == "complete")
            first = min(
                seconds for trials in peers if (seconds := reached(trials, best)) is not None
            )
            ours = reached(run["trials"], best)
            each.append(ours / first if ours is not None else float("inf"))
        joined = ", ".join(f"{ratio:.2f}" for ratio in each)
        lines.append(f"- {name}: {joined}; median {median(each):.2f}")
    return "\n".join(lines)


def race(seconds: float, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Run all programs in turns, and write the results of each when it ends."""
    unfinished = json.loads(UNFINISHED.read_text()) if UNFINISHED.exists() else {}
    results = (
        unfinished["found"]
        if unfinished.get("seconds") == seconds
        else {name: [] for name in CONTENDERS}
    )
    for number in range(rounds):
        for name, command in CONTENDERS.items():
            if len(results[name]) > number:
                continue
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            results[name].append(compete(command, seconds, FIRST_SEED + number))
            UNFINISHED.write_text(json.dumps({"seconds": seconds, "found": results}))
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        saved = {"seconds": args.seconds, "found": race(args.seconds, args.rounds)}
        RESULTS.write_text(json.dumps(saved, indent=1, allow_nan=True) + "\n")
        UNFINISHED.unlink()
    saved = json.loads(RESULTS.read_text())
    rounds = len(next(iter(saved["found"].values())))
    print(f"{saved['seconds']:g} s each, {rounds} rounds in turns\n")
    print(table(saved["found"]))
    print(
        "\nSeconds to the round's best score of a peer, over the seconds of the first peer there:\n"
    )
    print(ratios(saved["found"]))
