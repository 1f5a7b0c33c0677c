"""Learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conveyor.plots import finish, new_figure, save

PANELS = (("loss", "val_loss", "loss"), ("accuracy", "val_accuracy", "accuracy"))


def plot_learning_curves(rows: Sequence[Mapping[str, float]], best_epoch: int, path: Path) -> None:
    """Loss and accuracy of training and validation rows by epoch, the best epoch marked."""
    figure, panels = new_figure(10, 4, columns=2)
    epochs = range(1, len(rows) + 1)
    for axes, (train, validation, title) in zip(panels, PANELS, strict=True):
        axes.plot(epochs, [row[train] for row in rows], label="training", color="tab:gray")
        axes.plot(epochs, [row[validation] for row in rows], label="validation", color="tab:blue")
        axes.axvline(best_epoch, color="tab:orange", linestyle=":", label=f"best: {best_epoch}")
        finish(axes, xlabel="epoch", title=title, xlim=(1, max(2, len(rows))))
    figure.axes[0].set_ylim(bottom=0)
    save(figure, path)
