"""Plots of a tagger's predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLUE, finish, new_figure, save

MOST_NAMED = 20  # with more types, the confusion shows no counts


def plot_f1(scores: Mapping[str, Mapping[str, float]], total: int, path: Path) -> None:
    """Draw a bar of F1 for each type, with its spans.

    Args:
        scores: by type: `f1` and `spans`.
        total: number of all types.
    """
    figure, [axes] = new_figure(8, 1.4 + 0.3 * len(scores))
    bars = axes.barh(range(len(scores)), [s["f1"] for s in scores.values()], 0.7, color=BLUE)
    texts = [f"{score['f1']:.3f}, {score['spans']} spans" for score in scores.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=8)
    axes.set_yticks(range(len(scores)), [plot_text(name) for name in scores])
    axes.invert_yaxis()
    title = f"F1 by type, {len(scores)} of {total} types"
    finish(axes, "x", xlabel="F1", title=title, xlim=(0, 1.25),
           xticks=[0, 0.2, 0.4, 0.6, 0.8, 1.0])  # fmt: skip
    save(figure, path)


def plot_confusion(counts: NDArray[np.integer], names: Sequence[str], path: Path) -> None:
    """Draw the spans by true and predicted type, (types, types), coloured by the share of each
    true type."""
    size = min(14.0, 3.0 + 0.45 * len(names))
    figure, [axes] = new_figure(size + 1, size)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= MOST_NAMED:
        for (true, predicted), count in np.ndenumerate(counts):
            if count:
                color = "white" if shares[true, predicted] > 0.5 else "black"
                axes.text(predicted, true, str(count), color=color, ha="center", va="center",
                          fontsize=8)  # fmt: skip
    texts = [plot_text(name) for name in names]
    axes.set_xticks(range(len(names)), texts, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), texts)
    axes.set(xlabel="predicted", ylabel="true", title="Spans by true and predicted type")
    figure.colorbar(image, label="share of the true type", shrink=0.8)
    save(figure, path)
