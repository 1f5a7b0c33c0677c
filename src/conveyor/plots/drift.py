"""What moved between the champion's data and the new rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import save

BEFORE, NOW = "tab:blue", "tab:orange"
SHOWN = 20  # features on the chart of effects


def effects(found: Sequence[tuple[str, float, bool]], limit: float, path: Path) -> None:
    """Effect of each feature, (name, effect, drifts), in order, against the limit."""
    shown = found[:SHOWN]
    figure = Figure(figsize=(8, 1.4 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    colors = ["tab:red" if drifts else "tab:gray" for _, _, drifts in shown]
    bars = axes.barh(range(len(shown)), [effect for _, effect, _ in shown], 0.7, color=colors)
    axes.bar_label(bars, [f"{effect:.3f}" for _, effect, _ in shown], padding=3, fontsize=8)
    axes.set_yticks(range(len(shown)), [plot_text(name) for name, _, _ in shown])
    axes.invert_yaxis()
    title = f"Drift of {len(shown)} of {len(found)} features (red: it is significant too)"
    axes.axvline(limit, color="black", linestyle="--", linewidth=1, label="limit")
    axes.set(xlabel="effect (Cramér's V, KS's D, Cohen's h)", title=title)
    axes.set_xlim(0, 1.15 * max([limit, 0.1, *(effect for _, effect, _ in shown)]))
    axes.grid(alpha=0.3, axis="x")
    axes.legend(frameon=False)
    save(figure, path)


def distributions(
    pairs: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]], path: Path
) -> None:
    """Step curves of each feature, (before, now): KS's D is their widest gap."""
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(4 * columns, 2.8 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, (name, (before, now)) in zip(grid, pairs.items(), strict=False):
        for values, color, label in ((before, BEFORE, "champion's"), (now, NOW, "new")):
            axes.ecdf(values, color=color, label=f"{label}, {len(values)} rows")
        axes.set_title(plot_text(name), fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=7)
    for axes in grid[len(pairs) :]:
        axes.set_axis_off()
    figure.supylabel("share of rows up to this value", fontsize=9)
    save(figure, path)
