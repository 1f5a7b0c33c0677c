"""The stack that all programs train, and the measurement of their speed.

It has two layers of one cell, the second half as wide, and Adam. The task decides what is above
them: `value`, a linear output and the mean squared error, where asked with three convolutions with
batch normalisation before the layers; `tagging`, a softmax at each step and the cross-entropy of
the steps that are no padding; `forecasting`, contexts that are scaled by their last value and their
deviation, a linear branch on their lags, and quantiles that cannot cross with the pinball loss.
Batches are in memory, so that only steps are timed.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
# steps, features, units of the first layer, rows of a batch
SIZES = {"small": (100, 8, 64, 32), "medium": (200, 64, 64, 64), "large": (200, 128, 128, 64)}
# Output channels and width of the convolutions before the stack, as in models/front.py.
FRONT = ((64, 7), (128, 5), (128, 3))
TAGS = 32
HORIZON, QUANTILES = 24, (0.1, 0.25, 0.5, 0.75, 0.9)
MISSING = 0.02  # share of the values of a context
BATCHES, WARM, SECONDS = 8, 6, 1.5


def strides(steps: int) -> tuple[int, int, int]:
    """Return the strides of the convolutions, as in models/front.py."""
    return (1, 2, 2) if steps > 120 else (1, 2, 1)


def batches(size: str, task: str = "value") -> list[tuple[Any, Any]]:
    """Draw batches of values (rows, steps, features), float32, and their targets.

    Targets are float32 (rows, 1) of `value`, int32 (rows, steps) of `tagging`, and float32 (rows,
    HORIZON) of `forecasting`, where the first half of the features are columns, of which the first
    is forecast, and the others are 1 where its value is missing; the last value is present.
    """
    steps, features, _, rows = SIZES[size]
    draw = np.random.default_rng(17)
    drawn = []
    for _ in range(BATCHES):
        x = draw.normal(size=(rows, steps, features)).astype(np.float32)
        if task == "tagging":
            y = draw.integers(0, TAGS, (rows, steps)).astype(np.int32)
        elif task == "forecasting":
            columns = features // 2
            missing = draw.random((rows, steps, columns)) < MISSING
            missing[:, -1] = False
            x[:, :, columns:] = missing
            x[:, :, :columns][missing] = 0
            y = draw.normal(size=(rows, HORIZON)).astype(np.float32)
        else:
            y = draw.normal(size=(rows, 1)).astype(np.float32)
        drawn.append((x, y))
    return drawn


def answer(step: Callable[[int], Any], rows: int) -> None:
    """Train on batch 0, and print the seconds; then measure steps for each line of the input.

    `step` trains on batch i and waits for it. A measurement takes SECONDS, and prints sequences a
    second, and sequences a second of processor time of all threads. The programs of a comparison
    run beside each other and are measured in turns, so that other work on the machine slows all of
    them, and each loads its libraries once.
    """
    began = time.perf_counter()
    step(0)
    print(time.perf_counter() - began, flush=True)
    for i in range(WARM):
        step(i % BATCHES)
    for _ in sys.stdin:
        wall, processor, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < SECONDS:
            step(count % BATCHES)
            count += 1
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(count * rows / wall, count * rows / processor, flush=True)
