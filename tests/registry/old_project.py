"""Restores the project of the first format that db30c09/README.md describes."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from conveyor.paths import Paths
from conveyor.tracking.location import DATABASE
from conveyor.tracking.store import ARTIFACTS

FIXTURE = Path(__file__).with_name("db30c09")
ROWS = FIXTURE / "rows.jsonl"


def restore(root: Path) -> Paths:
    """Put the store, the resolved configuration and what described the data into a project."""
    paths = Paths(root)
    script = (FIXTURE / "store" / "mlflow.sql").read_text().replace("{project}", str(root))
    with sqlite3.connect(root / DATABASE) as database:
        database.executescript(script)
        models = database.execute("SELECT model_id, source_run_id FROM logged_models").fetchall()
    database.close()
    runs = root / ARTIFACTS / "smoke"
    shutil.copytree(FIXTURE / "store" / "smoke", runs)
    for model, run in models:  # MLflow keeps the folder twice, the fixture once
        registered = runs / "models" / model / "artifacts" / "artifacts" / "model"
        shutil.copytree(runs / run / "artifacts" / "model", registered)
    for name, path in (("config.yaml", paths.config), ("metrics.json", paths.metrics),
                       ("meta.json", paths.prepared / "meta.json")):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURE / name, path)
    return paths


def read_rows() -> list[Any]:
    return [json.loads(line)["series"] for line in ROWS.read_text().splitlines()]


def read_answers(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def answers_of(version: str) -> list[dict[str, Any]]:
    """The answers of the old code to the rows."""
    return read_answers(FIXTURE / f"answers-{version}.jsonl")


def responses() -> dict[str, Any]:
    """The responses of the old server, by path."""
    return json.loads((FIXTURE / "responses.json").read_text())
