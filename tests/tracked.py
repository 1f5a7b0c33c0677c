"""Sweeps in processes of their own, and looking into their store."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from mlflow.entities import Run

from conveyor.paths import Paths
from conveyor.tracking.store import connect

PROCESS = Path(__file__).with_name("tracking_process.py")


def runs_of(paths: Paths, query: str = "") -> list[Run]:
    """Runs of the toys' experiment, oldest first."""
    opened = connect("toys", paths)
    found = opened.client.search_runs(
        [opened.experiment_id], query, order_by=["attributes.start_time ASC"]
    )
    return list(found)


def curve(paths: Paths, run_id: str, name: str) -> list[tuple[int, float]]:
    """(step, value) of one metric."""
    history = connect("toys", paths).client.get_metric_history(run_id, name)
    return [(point.step, point.value) for point in history]


def artifact(paths: Paths, run_id: str, name: str) -> Path:
    return Path(connect("toys", paths).client.download_artifacts(run_id, name))


def table(path: Path) -> list[dict[str, Any]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def start_sweep(
    paths: Paths, function: str, trials: int, mode: str = "lead", **changes: Any
) -> subprocess.Popen[bytes]:
    told = [function, str(trials), mode, yaml.safe_dump(changes)]
    command = [sys.executable, str(PROCESS), str(paths.root), "sweep", *told]
    path = f"{PROCESS.parent}:{os.environ['PYTHONPATH']}"
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)


def family(paths: Paths) -> tuple[Run, list[Run]]:
    """The one parent, and its children by trial."""
    runs = runs_of(paths)
    (parent,) = [run for run in runs if run.data.tags["stage"] == "sweep"]
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == len(runs) - 1
    return parent, sorted(children, key=lambda run: int(run.data.tags["trial"]))
