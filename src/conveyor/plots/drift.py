"""Plots of the drift between the champion's data and the new rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLUE, GRAY, ORANGE, RED, add_legend, finish, new_figure, save

BEFORE, NOW = BLUE, ORANGE
MAX_EFFECTS = 20  # features in the plot of effects


def plot_effects(effects: Sequence[tuple[str, float, bool]], limit: float, path: Path) -> None:
    """Draw a bar for each feature, (name, effect, drifts), and the limit as a line.

    Args:
        effects: the largest first; the first 20 are drawn.
        limit: the smallest effect that counts as drift.
    """
    drawn = effects[:MAX_EFFECTS]
    figure, [axes] = new_figure(8, 1.4 + 0.3 * len(drawn))
    colors = [RED if drifts else GRAY for _, _, drifts in drawn]
    bars = axes.barh(range(len(drawn)), [effect for _, effect, _ in drawn], 0.7, color=colors)
    axes.bar_label(bars, [f"{effect:.3f}" for _, effect, _ in drawn], padding=3, fontsize=8)
    axes.set_yticks(range(len(drawn)), [plot_text(name) for name, _, _ in drawn])
    axes.invert_yaxis()
    title = f"Drift of {len(drawn)} of {len(effects)} features (red: also significant)"
    axes.axvline(limit, color="black", linestyle="--", linewidth=1, label="limit")
    right = 1.15 * max(limit, 0.1, *(effect for _, effect, _ in drawn))
    finish(axes, "x", xlabel="effect (Cramér's V, KS's D, Cohen's h)", title=title, xlim=(0, right))
    add_legend(figure)
    save(figure, path)


def plot_distributions(
    pairs: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]], path: Path
) -> None:
    """Draw the empirical distribution functions of each feature, (before, now).

    The Kolmogorov-Smirnov statistic D is the largest vertical distance between the two.
    """
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure, panels = new_figure(4 * columns, 2.8 * rows, rows, columns)
    for axes, (name, (before, now)) in zip(panels, pairs.items(), strict=False):
        for values, color, legend in ((before, BEFORE, "champion's"), (now, NOW, "new")):
            axes.ecdf(values, color=color, label=f"{legend}, {len(values)} rows")
        axes.set_title(plot_text(name), fontsize=10)
        finish(axes)
    for axes in panels[len(pairs) :]:
        axes.set_axis_off()
    figure.supylabel("share of rows up to this value", fontsize=9)
    add_legend(figure)
    save(figure, path)
