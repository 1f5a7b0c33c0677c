"""The plot of the forecast columns in prepared data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.escape import plot_text
from conveyor.plots import add_legend, finish, new_figure, save
from conveyor.plots.data import COLORS


def plot_targets(report: Mapping[str, Any], folder: Path) -> None:
    """Draw a histogram of each column by split, from the data report."""
    columns = report["targets"]
    figure, panels = new_figure(8, 3.4 * len(columns), rows=len(columns))
    for axes, (name, column) in zip(panels, columns.items(), strict=True):
        for split in COLORS:
            numbers = column["splits"][split]
            counts = np.array(numbers["histogram"])
            legend = f"{split}: {counts.sum()} steps, {numbers['min']:.4g} to {numbers['max']:.4g}"
            axes.stairs(counts / counts.sum(), column["edges"], linewidth=1.8,
                        color=COLORS[split], label=legend)  # fmt: skip
        finish(axes, xlabel=plot_text(name), ylabel="share of the split's steps", title="Values")
    add_legend(figure)
    save(figure, folder / "targets.png")
