"""Measurements of an exported model: size, agreement of its predictions, cost of int8."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.serving.loaded_model import FLOAT_GRAPH, LoadedModel
from conveyor.serving.predict_process import predict_in_fresh_process


def size(folder: Path) -> int:
    """Bytes of all files of a model folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def padding_difference(model: LoadedModel, rows: Sequence[Any]) -> float:
    """Largest difference between a row's outputs alone and in one batch of all rows, in the task's
    unit."""
    together = model.predict(rows, batch_size=len(rows)).outputs
    alone = np.concatenate([model.predict([row]).outputs for row in rows])
    return largest_difference(model, together, alone)


def round_trip_difference(model: LoadedModel, folder: Path, rows: Sequence[Any]) -> float:
    """Largest difference between outputs in this process and in a fresh one, in the task's unit."""
    here = model.predict(rows).outputs
    return largest_difference(model, here, predict_in_fresh_process(folder, rows))


def largest_difference(model: LoadedModel, outputs: Outputs, others: Outputs) -> float:
    """Largest difference between outputs (rows, width) of the same rows, in the task's unit."""
    return float(row_differences(model, outputs, others).max())


def row_differences(model: LoadedModel, outputs: Outputs, others: Outputs) -> NDArray[np.floating]:
    """Largest difference of each row, (rows,); arguments and unit as `largest_difference`."""
    differences = np.abs(outputs - others) / model.task.answers.unit
    return np.array([row.max() for row in differences])


def compare_with_float(
    folder: Path, rows: Sequence[Any], targets: Targets, outputs: Outputs
) -> dict[str, float] | None:
    """What int8 costs on these rows: the headline metric of both graphs, and the outputs' largest
    difference.

    Args:
        targets: of the rows.
        outputs: of the graph that is served, (rows, width).

    Returns:
        None where the float graph is served.
    """
    if not (folder / FLOAT_GRAPH).is_file():
        return None
    model = LoadedModel.load(folder, graph=FLOAT_GRAPH)
    exact, metrics = model.predict(rows).outputs, model.task.metrics
    name = metrics.headline
    return {
        name: metrics.compute_one(name, targets, outputs),
        f"float_{name}": metrics.compute_one(name, targets, exact),
        "largest_difference": largest_difference(model, outputs, exact),
    }
