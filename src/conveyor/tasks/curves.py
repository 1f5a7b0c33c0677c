"""Points of curves, for plots and for `dvc plots`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from conveyor import files
from conveyor.metrics import Outputs


def compute_precision_recall(
    positive: NDArray[np.bool_], score: Outputs
) -> tuple[Outputs, Outputs]:
    """Compute recall and precision of one binary decision, from the strictest threshold on.

    Args:
        positive: bool (rows,).
        score: probability of the positive answer, (rows,).
    """
    precision, recall, _ = precision_recall_curve(positive, score, drop_intermediate=True)
    return recall[::-1], precision[::-1]


def write_points(path: Path, columns: list[str], axes: Sequence[NDArray[Any]]) -> None:
    """Write the points of several axes, (points,) each, without those that are not defined."""
    rows = [row for row in zip(*axes, strict=True) if np.isfinite(row).all()]
    files.write_csv(path, columns, [[f"{value:.6g}" for value in row] for row in rows])
