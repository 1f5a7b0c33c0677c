"""A plot of metrics by the length of the rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.plots import BLUE, GREEN, ORANGE, PURPLE, add_legend, finish, new_figure, save

COLORS = (BLUE, ORANGE, GREEN, PURPLE)


def plot_slices(scores: Sequence[Mapping[str, Any]], metrics: Sequence[str], path: Path) -> None:
    """Draw some metrics of each slice of row lengths.

    Args:
        scores: of each slice: `from`, `to` and `rows`, and by name the metrics that are defined.
    """
    figure, [axes] = new_figure(7, 3.6)
    positions = np.arange(len(scores))
    names = [f"{s['from']} to {s['to']}\n{s['rows']} rows" for s in scores]
    width = 0.8 / len(metrics)
    for number, (name, color) in enumerate(zip(metrics, COLORS, strict=False)):
        shift = (number - (len(metrics) - 1) / 2) * width
        values = [s.get(name, np.nan) for s in scores]
        bars = axes.bar(positions + shift, values, 0.95 * width, color=color, label=name)
        axes.bar_label(bars, fmt="%.3f", fontsize=8)
    axes.set_xticks(positions, names)
    finish(axes, "y", xlabel="length", title="By length of the row")
    axes.margins(y=0.15)
    add_legend(figure)
    save(figure, path)
