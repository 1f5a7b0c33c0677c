"""Rows for the smallest of data sets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from conveyor.data.store import Split
from conveyor.encoding.ragged import Ragged
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassHead, ClassSpec
from conveyor.tasks.facets import Head


def write_toys(folder: Path, rows: int = 80) -> None:
    """Series of 2 channels and 3 to 9 steps, rising or falling."""
    draw = np.random.default_rng(3)
    with (folder / "toys.jsonl").open("w") as file:
        for i in range(rows):
            slope = 1 if i % 2 else -1
            steps = np.arange(draw.integers(3, 10))[:, None] * slope + draw.normal(size=(1, 2))
            row = {"series": steps.tolist(), "label": "up" if slope > 0 else "down"}
            file.write(json.dumps(row) + "\n")


def make_split(ids: list[str], rows: Sequence[Any], targets: np.ndarray, lengths: Any) -> Split:
    """A split of raw rows whose encoded steps are all 0."""
    sequences = Ragged.from_lengths(np.zeros(sum(lengths)), lengths)
    return Split(sequences, targets, rows, pa.chunked_array([ids]))


def class_head(
    count: int, *, smoothing: float = 0.0, weights: str = "none", **options: Any
) -> Head:
    """The head of a classifier of so many classes."""
    options = {"task": "classification", "loss": "cross_entropy", "gamma": 2.0,
               "label_smoothing": smoothing, "class_weights": weights, "costs": None,
               **options}  # fmt: skip
    spec = ClassSpec(classes=[f"class {i}" for i in range(count)])
    return Task(spec).head(ClassHead.model_validate(options))
