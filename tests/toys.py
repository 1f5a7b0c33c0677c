"""Rows for the smallest of data sets."""

import json
from pathlib import Path

import numpy as np


def write_toys(folder: Path, rows: int = 80) -> None:
    """Series of 2 channels and 3 to 9 steps, rising or falling."""
    draw = np.random.default_rng(3)
    with (folder / "toys.jsonl").open("w") as file:
        for i in range(rows):
            slope = 1 if i % 2 else -1
            steps = np.arange(draw.integers(3, 10))[:, None] * slope + draw.normal(size=(1, 2))
            row = {"series": steps.tolist(), "label": "up" if slope > 0 else "down"}
            file.write(json.dumps(row) + "\n")
