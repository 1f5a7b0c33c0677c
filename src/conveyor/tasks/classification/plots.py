"""Plots of a classifier's predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import finish, new_figure, save

MOST_NAMED_CLASSES = 20  # with more, plots show neither counts in cells nor a legend


def plot_confusion(counts: NDArray[np.integer], classes: Sequence[str], path: Path) -> None:
    """Draw the confusion matrix, coloured by the share of each true class.

    Args:
        counts: rows by true and predicted class, (classes, classes).
    """
    size = min(14.0, 3.0 + 0.45 * len(classes))
    figure, [axes] = new_figure(size + 1, size)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
    if len(classes) <= MOST_NAMED_CLASSES:
        for (true, predicted), count in np.ndenumerate(counts):
            if count:
                color = "white" if shares[true, predicted] > 0.5 else "black"
                axes.text(predicted, true, str(count), color=color, **centred)
    names = [plot_text(name) for name in classes]
    slanted = {"rotation": 45, "ha": "right"} if max(map(len, names)) > 3 else {}
    axes.set_xticks(range(len(names)), names, **slanted)
    axes.set_yticks(range(len(names)), names)
    accuracy = np.trace(counts) / max(1, counts.sum())
    axes.set(xlabel="predicted", ylabel="true", title=f"Confusion: {accuracy:.1%} on the diagonal")
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    save(figure, path)


def plot_curves(by_class: Mapping[str, Any], path: Path) -> None:
    """Draw ROC and precision-recall curves, by class: objects with the points `roc` and `pr`."""
    figure, [roc, pr] = new_figure(10, 4.6, columns=2)
    lines = []
    for i, points in enumerate(by_class.values()):
        color = colormaps["tab20" if len(by_class) > 10 else "tab10"](i)
        lines += roc.plot(*points.roc, color=color, drawstyle="steps-post")
        pr.plot(*points.pr, color=color)
    roc.plot([0, 1], [0, 1], ":", color="gray", linewidth=1)
    title = "ROC, one against the rest"
    finish(roc, xlabel="false positive rate", ylabel="true positive rate", title=title)
    finish(pr, xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1.03))
    if 0 < len(by_class) <= MOST_NAMED_CLASSES:
        # Labels by name: Matplotlib leaves out a line whose own label begins with "_".
        roc.legend(lines, [plot_text(name) for name in by_class], frameon=False, fontsize=8,
                   loc="lower right", ncols=1 + len(by_class) // 8)  # fmt: skip
    save(figure, path)


def plot_calibration(
    confidence: NDArray[np.floating],
    accuracy: NDArray[np.floating],
    rows: NDArray[np.integer],
    error: float,
    path: Path,
) -> None:
    """Draw a reliability diagram: accuracy by confidence, with the rows of each bin below.

    Args:
        confidence: mean of each bin, (bins,), as are `accuracy` and `rows`.
        error: expected calibration error.
    """
    figure, [top, bottom] = new_figure(5.5, 5.5, rows=2, height_ratios=[3, 1], sharex=True)
    width = 1 / len(rows)
    centres = (np.arange(len(rows)) + 0.5) * width
    used = rows > 0
    height = accuracy[used]
    top.bar(centres[used], height, width * 0.94, color="tab:blue", alpha=0.7, label="accuracy")
    top.plot(confidence[used], height, "o", color="black", markersize=4, label="mean confidence")
    top.plot([0, 1], [0, 1], ":", color="gray")
    top.set(ylabel="accuracy", title=f"Calibration, expected error {error:.3f}", ylim=(0, 1.03))
    top.legend(frameon=False, loc="upper left")
    bars = bottom.bar(centres, rows, width * 0.94, color="tab:gray")
    bottom.bar_label(bars, [str(n) if n else "" for n in rows], fontsize=7)
    bottom.margins(y=0.25)
    bottom.set(xlabel="probability of the most probable class", ylabel="rows", xlim=(0, 1))
    save(figure, path)
