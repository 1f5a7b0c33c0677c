"""Plots of a multi-label model's predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import colormaps

from conveyor.escape import plot_text
from conveyor.metrics import Outputs
from conveyor.plots import finish, new_figure, save


def plot_f1(scores: Mapping[str, Mapping[str, float]], total: int, path: Path) -> None:
    """Draw a bar of F1 for each label, with its rows.

    Args:
        scores: by label: `f1` and `rows`.
        total: number of all labels.
    """
    figure, [axes] = new_figure(8, 1.4 + 0.3 * len(scores))
    values = [score["f1"] for score in scores.values()]
    bars = axes.barh(range(len(scores)), values, 0.7, color="tab:blue")
    texts = [f"{score['f1']:.3f}, {score['rows']} rows" for score in scores.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=8)
    axes.set_yticks(range(len(scores)), [plot_text(name) for name in scores])
    axes.invert_yaxis()
    title = f"F1 by label, {len(scores)} of {total} labels"
    finish(axes, "x", xlabel="F1", title=title, xlim=(0, 1.25))
    save(figure, path)


def plot_curves(
    by_label: Mapping[str, tuple[Outputs, Outputs]], pooled: tuple[Outputs, Outputs], path: Path
) -> None:
    """Draw precision-recall curves: points (recall, precision) by label, and of all decisions."""
    figure, [axes] = new_figure(8, 5)
    lines: list[Any] = axes.plot(*pooled, color="black", linewidth=2.2)
    for i, points in enumerate(by_label.values()):
        color = colormaps["tab20" if len(by_label) > 10 else "tab10"](i % 20)
        lines += axes.plot(*points, color=color, linewidth=1.2)
    title = "Precision and recall by label"
    finish(axes, xlabel="recall", ylabel="precision", title=title, ylim=(0, 1.03))
    names = ["all labels pooled", *(plot_text(name) for name in by_label)]
    # Labels by name: Matplotlib leaves out a line whose own label begins with "_".
    axes.legend(lines, names, frameon=False, fontsize=8, loc="center left",
                bbox_to_anchor=(1.0, 0.5), ncols=1 + len(names) // 22)  # fmt: skip
    save(figure, path)
