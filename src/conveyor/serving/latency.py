"""Measures the time of single predictions."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conveyor.serving.loaded_model import LoadedModel


def latencies(
    calls: Sequence[Callable[[], Any]], *, warm_up: int = 5, repeats: int = 50
) -> list[list[float]]:
    """Measure the seconds of each call, `repeats` times.

    The calls take turns, so that other load on the machine affects all of them equally.
    """
    for call in [*calls] * warm_up:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, seconds in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return times


def latency(model: LoadedModel, row: Any) -> float:
    """Median milliseconds of one prediction, from a raw row to probabilities, in this process."""
    [times] = latencies([lambda: model.predict([row])])
    return float(np.median(times) * 1000)
