"""Learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conveyor.plots import finish, new_figure, save


def plot_learning_curves(rows: Sequence[Mapping[str, float]], best_epoch: int, path: Path) -> None:
    """Draw loss and score of training and validation rows by epoch, with the best epoch marked."""
    names = [name for name in rows[0] if f"val_{name}" in rows[0]]
    figure, panels = new_figure(5 * len(names), 4, columns=len(names))
    epochs = range(1, len(rows) + 1)
    for axes, name in zip(panels, names, strict=True):
        validation = [row[f"val_{name}"] for row in rows]
        axes.plot(epochs, [row[name] for row in rows], label="training", color="tab:gray")
        axes.plot(epochs, validation, label="validation", color="tab:blue")
        axes.axvline(best_epoch, color="tab:orange", linestyle=":", label=f"best: {best_epoch}")
        finish(axes, xlabel="epoch", title=name, xlim=(1, max(2, len(rows))))
    figure.axes[0].set_ylim(bottom=0)
    save(figure, path)
