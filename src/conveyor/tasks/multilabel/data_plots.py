"""The plots of multi-label targets in prepared data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from conveyor.escape import plot_text
from conveyor.plots import new_figure, save
from conveyor.plots.data import plot_counts

MOST_NAMED = 15  # with more labels, the plot of co-occurrence shows no counts


def plot_targets(report: Mapping[str, Any], folder: Path) -> None:
    """Draw the share of each label by split, and the co-occurrence of labels, from the data report.

    Both show the labels of the report's `co_occurrence`, the most frequent ones.
    """
    drawn = list(report["co_occurrence"])
    counts = {
        split: {name: by_label[name] for name in drawn}
        for split, by_label in report["labels"].items()
    }
    scope = f"{len(drawn)} of {len(report['labels']['train'])} labels"
    title = f"Labels (row counts on the bars), {scope}"
    plot_counts(counts, folder / "labels.png", title, report["rows"])
    _plot_pairs(report["co_occurrence"], f"Co-occurrence, {scope}", folder / "co_occurrence.png")


def _plot_pairs(pairs: Mapping[str, Mapping[str, int]], title: str, path: Path) -> None:
    """Draw, by label, the share of its rows that have another label too, with the row counts."""
    names = [plot_text(name) for name in pairs]
    counts = np.array([list(row.values()) for row in pairs.values()])  # (labels, labels)
    shares = counts / np.maximum(1, np.diag(counts))[:, None]
    size = min(14.0, 3.0 + 0.45 * len(names))
    figure, [axes] = new_figure(size + 1, size)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= MOST_NAMED:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=color)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="rows with this label too", ylabel="rows with the label", title=title)
    figure.colorbar(image, label="share of the label's rows", shrink=0.8)
    save(figure, path)
