"""Measurements of an exported model: size, agreement of its predictions, cost of int8."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.serving.loaded_model import FLOAT_GRAPH, LoadedModel
from conveyor.serving.predict_process import predict_in_fresh_process


def size(folder: Path) -> int:
    """Bytes of all files of a model folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def padding_difference(model: LoadedModel, rows: Sequence[Any]) -> float:
    """Largest difference between a row's probabilities alone and in one batch of all rows."""
    together = model.predict(rows, batch_size=len(rows)).probabilities
    alone = np.concatenate([model.predict([row]).probabilities for row in rows])
    return float(np.abs(together - alone).max())


def round_trip_difference(model: LoadedModel, folder: Path, rows: Sequence[Any]) -> float:
    """Largest difference between probabilities in this process and in a fresh one."""
    here = model.predict(rows).probabilities.astype(np.float64)
    return float(np.abs(here - predict_in_fresh_process(folder, rows)).max())


def compare_with_float(
    folder: Path,
    rows: Sequence[Any],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.float32],
) -> dict[str, float] | None:
    """What int8 costs on these rows: accuracies of both graphs, and the probabilities' largest
    difference.

    Args:
        probabilities: of the graph that is served, (rows, classes).

    Returns:
        None where the float graph is served.
    """
    if not (folder / FLOAT_GRAPH).is_file():
        return None
    exact = LoadedModel.load(folder, graph=FLOAT_GRAPH).predict(rows).probabilities
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "float_accuracy": float((exact.argmax(axis=1) == labels).mean()),
        "largest_difference": float(np.abs(probabilities - exact).max()),
    }
