"""A small data set for each task: series whose target a tiny network learns."""

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
# By task: what params.yaml sets for its example, so that all metrics are defined.
SETTINGS: dict[str, dict[str, Any]] = {"regression": {"head": {"loss": "quantile"}}}


def write_rows(path: Path, task: str, rows: int, *, seed: int = 3, shift: float = 0.0) -> None:
    """Append series of 2 channels and 3 to 9 steps to a file of JSON lines.

    Args:
        shift: added to the first channel of each row; above 0, all slopes are positive too.
    """
    _, target = EXAMPLES[task]
    draw = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for _ in range(rows):
            slope, count = float(draw.uniform(-2, 2)), int(draw.integers(3, 10))
            slope = abs(slope) if shift else slope
            steps = np.arange(count)[:, None] * slope + draw.normal(size=(1, 2)) + [shift, 0.0]
            row = {"series": steps.round(4).tolist(), "answer": target(slope, count)}
            file.write(json.dumps(row) + "\n")
