"""Measures the time of single predictions."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from conveyor.serving.loaded_model import LoadedModel


def measure_latencies(
    calls: Sequence[Callable[[], Any]], *, warm_up: int = 5, repeats: int = 50
) -> list[list[float]]:
    """Measure the milliseconds of each call, `repeats` times.

    The calls take turns, so that other load on the machine affects all of them equally.
    """
    for call in [*calls] * warm_up:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, milliseconds in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            milliseconds.append((time.perf_counter() - start) * 1000)
    return times


def measure_latency(model: LoadedModel, row: Any) -> float:
    """Median milliseconds of one prediction, from a raw row to outputs, in this process."""
    [times] = measure_latencies([lambda: model.predict([row])])
    return median(times)
