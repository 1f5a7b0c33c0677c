"""Looking into a store."""

import csv
from pathlib import Path
from typing import Any

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
