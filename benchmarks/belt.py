"""What the whole belt takes beside its training, each part named.

    python benchmarks/belt.py            # measures, writes belt.json, prints
    python benchmarks/belt.py --print    # prints belt.json

`dvc repro --force` in a clone of this project's last commit, whose first belt made its MLflow
store; of three, the one whose rest is the median. Training is what trials take from a built model
to their end, and what `fit` says that it took. `before` is a stage's start, imports and reading;
`after` what it writes, logs and exports, until DVC begins the next stage.
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
    """The lines that a forced belt says, each with its time."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for name in ("PYTHONPATH", "MLFLOW_TRACKING_URI", "DVC_ROOT"):
        environment.pop(name, None)
    process = subprocess.Popen([*DVC, "repro", "--force"], cwd=folder, env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert process.stdout is not None
    said = [(time.time(), "")]
    said += [(time.time(), line) for line in process.stdout]
    if process.wait():
        raise RuntimeError("".join(line for _, line in said))
    return [*said, (time.time(), "")]


def union(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of these ran."""
    total, end = 0.0, 0.0
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, end))
        end = max(end, b)
    return total


def parts(said: list[tuple[float, str]], store: Path) -> dict[str, Any]:
    begins = [(at, line.split("'")[1]) for at, line in said if line.startswith("Running stage '")]
    ends = [at for at, _ in begins[1:]] + [said[-1][0]]
    with sqlite3.connect(store) as opened:
        trials = opened.execute(TRIALS, (said[0][0],)).fetchall()
    found: dict[str, Any] = {"DVC itself": {"seconds": begins[0][0] - said[0][0], "training": 0.0}}
    for (at, name), end in zip(begins, ends, strict=True):
        spans: list[tuple[float, float]] = []
        if name == "sweep":
            spans = trials
        elif name == "train":
            told, took = next((t, float(m[1])) for t, line in said if (m := FITTED.match(line)))
            spans = [(told - took, told)]
        part = {"seconds": end - at, "training": union(spans)}
        if spans:
            part["before"] = min(a for a, _ in spans) - at
            part["after"] = end - max(b for _, b in spans)
        found[name] = part
    return found


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "clone"
        clone = ["git", "clone", "-q", str(ROOT), str(folder)]
        subprocess.run(clone, check=True)
        repro(folder)
        store, found = folder / "mlflow.db", []
        for _ in range(ROUNDS):
            found.append({"cores": os.cpu_count(), "stages": parts(repro(folder), store)})
            print(f"{rest(found[-1]):.1f} s beside training", file=sys.stderr, flush=True)
        return sorted(found, key=rest)[ROUNDS // 2]


def rest(found: dict[str, Any]) -> float:
    """Seconds of the belt that are not training."""
    return sum(part["seconds"] - part["training"] for part in found["stages"].values())


def table(found: dict[str, Any]) -> str:
    lines = ["| stage | s | training, s | the rest, s | before, after | the rest is |",
             "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for name in ("DVC itself", *DONE):
        part = found["stages"][name]
        about = f"{part['before']:.1f}, {part['after']:.1f}" if "before" in part else ""
        trained = f"{part['training']:.1f}" if part["training"] else ""
        remains = part["seconds"] - part["training"]
        done = DONE.get(name, "start, look for changes")
        lines.append(
            f"| {name} | {part['seconds']:.1f} | {trained} | {remains:.1f} | {about} | {done} |"
        )
    trained = sum(part["training"] for part in found["stages"].values())
    lines.append(f"| all | {trained + rest(found):.1f} | {trained:.1f} | {rest(found):.1f} | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="print belt.json, run nothing")
    if not parser.parse_args().print:
        files.write_json(RESULT, measure())
    print(table(files.read_json(RESULT)))
