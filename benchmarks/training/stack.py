"""The stack that all programs train, and the measurement of their speed.

It has two layers of one cell, the second half as wide, a linear output, Adam and the mean squared
error; where asked, three convolutions with batch normalisation before them. Batches are in memory,
so that only steps are timed.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
# steps, features, units of the first layer, rows of a batch
SIZES = {"small": (100, 8, 64, 32), "medium": (200, 64, 64, 64), "large": (200, 128, 128, 64)}
# Output channels and width of the convolutions before the stack, as in models/front.py.
FRONT = ((64, 7), (128, 5), (128, 3))
BATCHES, WARM, ROUNDS, SECONDS = 8, 6, 5, 1.5


def strides(steps: int) -> tuple[int, int, int]:
    """Return the strides of the convolutions, as in models/front.py."""
    return (1, 2, 2) if steps > 120 else (1, 2, 1)


def batches(size: str) -> list[tuple[Any, Any]]:
    """Draw batches of values (rows, steps, features) and targets (rows, 1), float32."""
    steps, features, _, rows = SIZES[size]
    draw = np.random.default_rng(17)
    return [
        (draw.normal(size=(rows, steps, features)).astype(np.float32),
         draw.normal(size=(rows, 1)).astype(np.float32))
        for _ in range(BATCHES)
    ]  # fmt: skip


def rate(step: Callable[[int], Any], rows: int) -> float:
    """Measure the median of sequences a second; `step` trains on batch i and waits for it."""
    for i in range(WARM):
        step(i % BATCHES)
    rates = []
    for _ in range(ROUNDS):
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            step(count % BATCHES)
            count += 1
        rates.append(count * rows / (time.perf_counter() - began))
    return median(rates)
