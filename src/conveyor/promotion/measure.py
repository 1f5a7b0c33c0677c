"""What can only be measured: how heavy, how fast, how steady an exported model is."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.promotion.answer import answer_afresh
from conveyor.serving import Predictor


def size(folder: Path) -> int:
    """Bytes of all files of a model folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def latency(model: Predictor, row: Any, *, warm_up: int = 5, repeats: int = 50) -> float:
    """Median milliseconds for one raw row, from raw to probabilities, in this process."""
    for _ in range(warm_up):
        model.predict([row])
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        model.predict([row])
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds) * 1000)


def padding_difference(model: Predictor, rows: Sequence[Any]) -> float:
    """Largest difference between a probability of a row alone and in one batch of all rows."""
    together = model.predict(rows, batch_size=len(rows)).probabilities
    alone = np.concatenate([model.predict([row]).probabilities for row in rows])
    return float(np.abs(together - alone).max())


def round_trip_difference(model: Predictor, folder: Path, rows: Sequence[Any]) -> float:
    """Largest difference between probabilities here and in a fresh process."""
    here = model.predict(rows).probabilities.astype(np.float64)
    return float(np.abs(here - answer_afresh(folder, rows)).max())
