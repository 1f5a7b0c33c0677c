"""Plots of a multi-label model's predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor.escape import plot_text
from conveyor.metrics import Outputs
from conveyor.plots import BLACK, BLUE, add_legend, finish, line_style, new_figure, save


def plot_f1(scores: Mapping[str, Mapping[str, float]], total: int, path: Path) -> None:
    """Draw a bar of F1 for each label, with its rows.

    Args:
        scores: by label: `f1` and `rows`.
        total: number of all labels.
    """
    figure, [axes] = new_figure(8, 1.4 + 0.3 * len(scores))
    values = [score["f1"] for score in scores.values()]
    bars = axes.barh(range(len(scores)), values, 0.7, color=BLUE)
    texts = [f"{score['f1']:.3f}, {score['rows']} rows" for score in scores.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=8)
    axes.set_yticks(range(len(scores)), [plot_text(name) for name in scores])
    axes.invert_yaxis()
    title = f"F1 by label, {len(scores)} of {total} labels"
    finish(axes, "x", xlabel="F1", title=title, xlim=(0, 1.25),
           xticks=[0, 0.2, 0.4, 0.6, 0.8, 1.0])  # fmt: skip
    save(figure, path)


def plot_curves(
    by_label: Mapping[str, tuple[Outputs, Outputs]], pooled: tuple[Outputs, Outputs], path: Path
) -> None:
    """Draw precision-recall curves: points (recall, precision) by label, and of all decisions."""
    names = ["all labels pooled", *(plot_text(name) for name in by_label)]
    figure, [axes] = new_figure(8, 5 + 0.08 * len(names))
    lines: list[Any] = axes.plot(*pooled, color=BLACK, linewidth=2.2)
    for i, points in enumerate(by_label.values()):
        # The eighth colour is black, which is that of all labels.
        lines += axes.plot(*points, **line_style(i + i // 7), linewidth=1.2)
    title = "Precision and recall by label"
    finish(axes, xlabel="recall", ylabel="precision", title=title, xlim=(0, 1), ylim=(0, 1.03))
    add_legend(figure, list(zip(names, lines, strict=True)))
    save(figure, path)
