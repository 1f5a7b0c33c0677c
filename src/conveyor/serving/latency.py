"""How long one answer takes."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conveyor.serving.loaded_model import LoadedModel


def latencies(
    calls: Sequence[Callable[[], Any]], *, warm_up: int = 5, repeats: int = 50
) -> list[list[float]]:
    """Seconds of each call, `repeats` of them: the calls take turns, so that what else the
    machine does falls on all of them alike."""
    for call in [*calls] * warm_up:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, mine in zip(calls, times, strict=True):
            began = time.perf_counter()
            call()
            mine.append(time.perf_counter() - began)
    return times


def latency(model: LoadedModel, row: Any) -> float:
    """Median milliseconds for one raw row, from raw to probabilities, in this process."""
    [times] = latencies([lambda: model.predict([row])])
    return float(np.median(times) * 1000)
