"""Plots of a classifier's predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLUE, GRAY, add_legend, finish, line_style, new_figure, save, say_empty

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
    names = [plot_text(name) for name in by_class]
    figure, [roc, pr] = new_figure(10, 4.6 + 0.06 * len(names), columns=2)
    lines = []
    for i, points in enumerate(by_class.values()):
        lines += roc.plot(*points.roc, **line_style(i), drawstyle="steps-post")
        pr.plot(*points.pr, **line_style(i))
    roc.plot([0, 1], [0, 1], ":", color=GRAY, linewidth=1)
    title, ends = "ROC, one against the rest", {"xlim": (0, 1), "ylim": (0, 1.03)}
    finish(roc, xlabel="false positive rate", ylabel="true positive rate", title=title, **ends)
    finish(pr, xlabel="recall", ylabel="precision", title="Precision and recall", **ends)
    if not lines:
        for axes in (roc, pr):
            say_empty(axes, "all rows have one class, so there is no curve")
    elif len(names) <= MOST_NAMED_CLASSES:
        # By text: Matplotlib leaves out a line whose own label begins with "_".
        add_legend(figure, list(zip(names, lines, strict=True)))
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
    top.bar(centres[used], height, width * 0.94, color=BLUE, alpha=0.7, label="accuracy")
    top.plot(confidence[used], height, "o", color="black", markersize=4, label="mean confidence")
    top.plot([0, 1], [0, 1], ":", color=GRAY)
    top.set(ylabel="accuracy", title=f"Calibration, expected error {error:.3f}", ylim=(0, 1.03))
    bars = bottom.bar(centres, rows, width * 0.94, color=GRAY)
    bottom.bar_label(bars, [str(n) if n else "" for n in rows], fontsize=7)
    bottom.margins(y=0.25)
    bottom.set(xlabel="probability of the most probable class", ylabel="rows", xlim=(0, 1))
    add_legend(figure)
    save(figure, path)
