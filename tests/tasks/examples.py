"""A small data set for each task: series whose target a tiny network learns."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Target = Callable[[float, int], Any]  # from the slope and the number of steps of a series

# By task: the block `target` of the data set, and the targets of its rows.
EXAMPLES: dict[str, tuple[dict[str, Any], Target]] = {
    # Classes that are integers, so that the type of an answer can be checked.
    "classification": (
        {"task": "classification", "column": "answer"},
        lambda slope, steps: 7 if slope > 0 else 3,
    ),
    # Sets of up to three labels; that of a short, falling series is empty.
    "multilabel": (
        {"task": "multilabel", "column": "answer"},
        lambda slope, steps: (
            ["long"] * (steps > 5) + ["steep"] * (slope > 1) + ["up"] * (slope > 0)
        ),
    ),
    # Thousands, so that a tolerance in the data's unit would fail.
    "regression": (
        {"task": "regression", "columns": ["answer"]},
        lambda slope, steps: 5000 + 1000 * slope,
    ),
    # A tag for each step: the first one has its own.
    "tagging": (
        {"task": "tagging", "column": "answer", "outside": "start"},
        lambda slope, steps: ["start"] + ["up" if slope > 0 else "down"] * (steps - 1),
    ),
}
# By task: its data set, where rows are no series of their own.
DATASETS: dict[str, dict[str, Any]] = {
    "forecasting": {
        "defaults": ["base/forecast@_here_", "_self_"],
        "columns": {},
        "target": {
            "columns": ["answer"], "past": ["noise"], "time": "time", "horizon": 4, "context": 12,
            "calendar": [],
        },
        "split": {
            "test": {"by": "time", "column": "time", "share": 0.3},
            "validation": {"by": "time", "column": "time", "share": 0.3},
        },
    }
}  # fmt: skip
# By task: what params.yaml sets for its example, so that all metrics are defined.
SETTINGS: dict[str, dict[str, Any]] = {"regression": {"head": {"loss": "quantile"}}}


def write_rows(path: Path, task: str, rows: int, *, seed: int = 3, shift: float = 0.0) -> None:
    """Append series of 2 channels and 3 to 9 steps to a file of JSON lines.

    Args:
        shift: added to the first channel of each row; above 0, all slopes are positive too.
    """
    draw = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    if task in DATASETS:
        write_steps(path, 3 * rows, draw, shift)
        return
    _, target = EXAMPLES[task]
    with path.open("a") as file:
        for _ in range(rows):
            slope, count = float(draw.uniform(-2, 2)), int(draw.integers(3, 10))
            slope = abs(slope) if shift else slope
            steps = np.arange(count)[:, None] * slope + draw.normal(size=(1, 2)) + [shift, 0.0]
            row = {"series": steps.round(4).tolist(), "answer": target(slope, count)}
            file.write(json.dumps(row) + "\n")


def write_steps(path: Path, steps: int, draw: np.random.Generator, shift: float) -> None:
    """Append hourly steps of one series, whose day has twelve hours, after those of the file."""
    first = len(path.read_text().splitlines()) if path.exists() else 0
    start = datetime.datetime(2024, 1, 1)
    with path.open("a") as file:
        for hour in range(first, first + steps):
            wave = float(np.sin(2 * np.pi * hour / 12))
            row = {
                "time": (start + datetime.timedelta(hours=hour)).isoformat(),
                "answer": round(5000 + 1000 * (wave + shift + float(draw.normal(0, 0.1))), 4),
                "noise": round(float(draw.normal()), 4),
            }
            file.write(json.dumps(row) + "\n")
