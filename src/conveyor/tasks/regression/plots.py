"""Plots of a regression's predictions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLUE, GRAY, ORANGE, add_legend, finish, new_figure, save

Numbers = NDArray[np.floating]  # (rows, columns)
BINS = 40  # of the histogram of residuals


def plot_predictions(
    true: Numbers, predicted: Numbers, bounds: tuple[Numbers, Numbers] | None,
    names: Sequence[str], path: Path,
) -> None:  # fmt: skip
    """Draw predicted against true numbers, a panel for each column.

    Args:
        bounds: lowest and highest quantile, drawn as a line through each point; None: there are
            none.
    """
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure, panels = new_figure(4.6 * columns, 4.4 * lines, lines, columns)
    for number, (axes, name) in enumerate(zip(panels, names, strict=False)):
        x, y = true[:, number], predicted[:, number]
        if bounds is not None:
            low, high = (bound[:, number] for bound in bounds)
            axes.vlines(x, low, high, color=BLUE, alpha=0.12, linewidth=1)
            axes.plot([], [], color=BLUE, alpha=0.6, label="interval of the quantiles")
        axes.plot(x, y, ".", markersize=3, color=BLUE, alpha=0.6)
        ends = [min(x.min(), y.min()), max(x.max(), y.max())]
        axes.plot(ends, ends, ":", color=GRAY, linewidth=1)
        finish(axes, xlabel="true", ylabel="predicted", title=plot_text(name))
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    add_legend(figure)
    save(figure, path)


def plot_residuals(true: Numbers, predicted: Numbers, names: Sequence[str], path: Path) -> None:
    """Draw residuals, predicted less true, by the prediction and as a histogram; a line of two
    panels for each column."""
    figure, panels = new_figure(9, 3.6 * len(names), len(names), 2)
    for number, name in enumerate(names):
        left, right = panels[2 * number : 2 * number + 2]
        residuals = predicted[:, number] - true[:, number]
        left.plot(predicted[:, number], residuals, ".", markersize=3, color=BLUE, alpha=0.6)
        left.axhline(0, color=GRAY, linestyle=":", linewidth=1)
        title = f"{plot_text(name)}: mean residual {residuals.mean():.3g}"
        finish(left, xlabel="predicted", ylabel="predicted less true", title=title)
        counts, edges = np.histogram(residuals, BINS)
        right.stairs(counts, edges, fill=True, color=BLUE, alpha=0.7)
        right.axvline(0, color=GRAY, linestyle=":", linewidth=1)
        title = f"standard deviation {residuals.std():.3g}"
        finish(right, xlabel="predicted less true", ylabel="rows", title=title)
    save(figure, path)


def plot_errors_by_length(
    lengths: NDArray[np.integer], errors: NDArray[np.floating], path: Path
) -> None:
    """Draw the scaled absolute error of each row, (rows,), by its length."""
    figure, [axes] = new_figure(7, 3.8)
    axes.plot(lengths, errors, ".", markersize=3, color=BLUE, alpha=0.4, label="a row")
    different = np.unique(lengths)
    means = [errors[lengths == length].mean() for length in different]
    axes.plot(different, means, color=ORANGE, linewidth=1.5, label="mean")
    finish(axes, xlabel="length", ylabel="absolute error, standard deviations",
           title="Error by length of the row", ylim=(0, None))  # fmt: skip
    add_legend(figure)
    save(figure, path)
