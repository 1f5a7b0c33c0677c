"""Learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from conveyor.plots import save

PANELS = (("loss", "val_loss", "loss"), ("accuracy", "val_accuracy", "accuracy"))


def curves(rows: Sequence[Mapping[str, float]], best_epoch: int, path: Path) -> None:
    """Loss and accuracy of training and validation rows by epoch, the best epoch marked."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = range(1, len(rows) + 1)
    for axes, (train, validation, title) in zip(figure.subplots(1, 2), PANELS, strict=True):
        axes.plot(epochs, [row[train] for row in rows], label="training", color="tab:gray")
        axes.plot(epochs, [row[validation] for row in rows], label="validation", color="tab:blue")
        axes.axvline(best_epoch, color="tab:orange", linestyle=":", label=f"best: {best_epoch}")
        axes.set(xlabel="epoch", title=title, xlim=(1, max(2, len(rows))))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.axes[0].set_ylim(bottom=0)
    save(figure, path)
