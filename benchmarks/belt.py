"""Measures how long the belt takes without its training, by stage.

    python benchmarks/belt.py            # measures, writes belt.json, prints
    python benchmarks/belt.py --print    # prints belt.json

Runs `dvc repro --force` three times in a clone of this project's last commit, after a first belt
that creates its MLflow store, and reports the run whose time without training is the median.
Training is the time of the trials from a built model to their end, and the time that `fit` logs.
`before` is a stage's start, imports and reading; `after` is its writing, logging and exporting,
until DVC starts the next stage.
"""

import argparse
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conveyor import files

ROOT, RESULT = Path(__file__).parents[1], Path(__file__).with_suffix(".json")
ROUNDS = 3
DVC = [sys.executable, "-m", "dvc"]
DONE = {
    "compose": "read conf/ and params.yaml, validate",
    "prepare": "read, check, split, encode",
    "sweep": "TensorFlow, Optuna and MLflow load; a trial's network; outputs and pages",
    "train": "TensorFlow and MLflow load; export, check of the export, record",
    "evaluate": "scikit-learn, Matplotlib and MLflow load; scores, intervals, baselines, plots",
    "register": "MLflow loads; gates, verdict, registry",
}
FITTED = re.compile(r"train: fitted in ([\d.]+) s")
# first and last moment of each trial's training, seconds since 1970
TRIALS = """
select min(m.timestamp) / 1e3, r.end_time / 1e3 from runs r
join tags t on t.run_uuid = r.run_uuid and t.key = 'mlflow.parentRunId'
join metrics m on m.run_uuid = r.run_uuid
where r.start_time / 1e3 > ? group by r.run_uuid
"""


def repro(folder: Path) -> list[tuple[float, str]]:
    """The lines that a forced belt prints, each with its time."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for name in ("PYTHONPATH", "MLFLOW_TRACKING_URI", "DVC_ROOT"):
        environment.pop(name, None)
    process = subprocess.Popen([*DVC, "repro", "--force"], cwd=folder, env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert process.stdout is not None
    output = [(time.time(), "")]
    output += [(time.time(), line) for line in process.stdout]
    if process.wait():
        raise RuntimeError("".join(line for _, line in output))
    return [*output, (time.time(), "")]


def union(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of the spans ran."""
    total, end = 0.0, 0.0
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, end))
        end = max(end, b)
    return total


def parts(output: list[tuple[float, str]], store: Path) -> dict[str, Any]:
    """Seconds of each stage, and of its training, from the printed lines and MLflow's store."""
    start = output[0][0]
    stages = [(t, line.split("'")[1]) for t, line in output if line.startswith("Running stage '")]
    ends = [t for t, _ in stages[1:]] + [output[-1][0]]
    with sqlite3.connect(store) as opened:
        trials = opened.execute(TRIALS, (start,)).fetchall()
    results: dict[str, Any] = {"DVC itself": {"seconds": stages[0][0] - start, "training": 0.0}}
    for (begin, name), end in zip(stages, ends, strict=True):
        spans: list[tuple[float, float]] = []
        if name == "sweep":
            spans = trials
        elif name == "train":
            fitted, took = next((t, float(m[1])) for t, line in output if (m := FITTED.match(line)))
            spans = [(fitted - took, fitted)]
        part = {"seconds": end - begin, "training": union(spans)}
        if spans:
            part["before"] = min(a for a, _ in spans) - begin
            part["after"] = end - max(b for _, b in spans)
        results[name] = part
    return results


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "clone"
        clone = ["git", "clone", "-q", str(ROOT), str(folder)]
        subprocess.run(clone, check=True)
        repro(folder)
        store, rounds = folder / "mlflow.db", []
        for _ in range(ROUNDS):
            rounds.append({"cores": os.cpu_count(), "stages": parts(repro(folder), store)})
            print(f"{rest(rounds[-1]):.1f} s beside training", file=sys.stderr, flush=True)
        return sorted(rounds, key=rest)[ROUNDS // 2]


def rest(result: dict[str, Any]) -> float:
    """Seconds of the belt that are not training."""
    return sum(part["seconds"] - part["training"] for part in result["stages"].values())


def table(result: dict[str, Any]) -> str:
    lines = ["| stage | s | training, s | the rest, s | before, after | the rest is |",
             "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for name in ("DVC itself", *DONE):
        part = result["stages"][name]
        about = f"{part['before']:.1f}, {part['after']:.1f}" if "before" in part else ""
        trained = f"{part['training']:.1f}" if part["training"] else ""
        remains = part["seconds"] - part["training"]
        done = DONE.get(name, "start, look for changes")
        lines.append(
            f"| {name} | {part['seconds']:.1f} | {trained} | {remains:.1f} | {about} | {done} |"
        )
    trained = sum(part["training"] for part in result["stages"].values())
    lines.append(f"| all | {trained + rest(result):.1f} | {trained:.1f} | {rest(result):.1f} | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="print belt.json, run nothing")
    if not parser.parse_args().print:
        files.write_json(RESULT, measure())
    print(table(files.read_json(RESULT)))
