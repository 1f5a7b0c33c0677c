"""What can only be measured: how heavy, how fast, how steady an exported model is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.registry.predict_process import answer_afresh
from conveyor.serving import LoadedModel
from conveyor.serving.loaded_model import FLOAT_GRAPH


def size(folder: Path) -> int:
    """Bytes of all files of a model folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def padding_difference(model: LoadedModel, rows: Sequence[Any]) -> float:
    """Largest difference between a probability of a row alone and in one batch of all rows."""
    together = model.predict(rows, batch_size=len(rows)).probabilities
    alone = np.concatenate([model.predict([row]).probabilities for row in rows])
    return float(np.abs(together - alone).max())


def round_trip_difference(model: LoadedModel, folder: Path, rows: Sequence[Any]) -> float:
    """Largest difference between probabilities here and in a fresh process."""
    here = model.predict(rows).probabilities.astype(np.float64)
    return float(np.abs(here - answer_afresh(folder, rows)).max())


def quantised(
    folder: Path, rows: Sequence[Any], labels: NDArray[np.integer], answers: NDArray[np.float32]
) -> dict[str, float] | None:
    """What int8 costs on these rows: accuracies of both graphs, and the probabilities' largest
    difference.

    Args:
        answers: of the graph that is served, (rows, classes).

    Returns:
        None where that is the float graph.
    """
    if not (folder / FLOAT_GRAPH).is_file():
        return None
    exact = LoadedModel.load(folder, graph=FLOAT_GRAPH).predict(rows).probabilities
    return {
        "accuracy": float((answers.argmax(axis=1) == labels).mean()),
        "float_accuracy": float((exact.argmax(axis=1) == labels).mean()),
        "largest_difference": float(np.abs(answers - exact).max()),
    }
