"""Learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conveyor.plots import BLUE, GRAY, RED, add_legend, finish, new_figure, save


def plot_learning_curves(rows: Sequence[Mapping[str, float]], best_update: int, path: Path) -> None:
    """Draw loss and score of training and validation rows by update, with the best one marked."""
    names = [name for name in rows[0] if f"val_{name}" in rows[0]]
    figure, panels = new_figure(5 * len(names), 4, columns=len(names))
    updates = [row["update"] for row in rows]
    for axes, name in zip(panels, names, strict=True):
        validation = [row[f"val_{name}"] for row in rows]
        axes.plot(updates, [row[name] for row in rows], label="training", color=GRAY)
        axes.plot(updates, validation, label="validation", color=BLUE)
        axes.axvline(best_update, color=RED, linestyle="--", label=f"best: {best_update:,}")
        finish(axes, xlabel="update", title=name, xlim=(0, updates[-1]))
    figure.axes[0].set_ylim(bottom=0)
    add_legend(figure)
    save(figure, path)
