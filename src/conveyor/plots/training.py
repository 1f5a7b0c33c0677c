"""Learning curves, what happened inside the layers, and the learning rate range test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from conveyor.metrics.layers import LOGARITHMIC, TITLES, layers_by_statistic, name_metric
from conveyor.plots import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    RED,
    add_legend,
    finish,
    line_style,
    new_figure,
    save,
    say_empty,
    use_log_scale,
)


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


def plot_layers(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw the statistics of `metrics.layers` by update, one panel for each and a line a layer."""
    layers = layers_by_statistic(rows[0])
    names = list(dict.fromkeys(layer for of_statistic in layers.values() for layer in of_statistic))
    styles = {layer: line_style(number) for number, layer in enumerate(names)}
    figure, panels = new_figure(10, 7, rows=2, columns=2)
    updates = [row["update"] for row in rows]
    for axes, statistic in zip(panels, TITLES, strict=True):
        if statistic not in layers:
            say_empty(axes, f"no layer has a {TITLES[statistic]}")
            continue
        for layer in layers[statistic]:
            values = [row[name_metric(statistic, layer)] for row in rows]
            marker = "o" if len(rows) == 1 else None  # a line of one point is not seen
            axes.plot(updates, values, label=layer, marker=marker, **styles[layer])
        finish(axes, xlabel="update", title=TITLES[statistic])
        if statistic in LOGARITHMIC:
            use_log_scale(axes)
        else:
            axes.set_ylim(-0.03, 1.03)
    add_legend(figure)
    save(figure, path)


def plot_range_test(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float],
    marks: Mapping[str, float], path: Path,
) -> None:  # fmt: skip
    """Draw the loss by learning rate.

    Args:
        losses: of each update.
        smoothed: the same, smoothed.
        marks: rates to be marked, by the text of the legend.
    """
    figure, [axes] = new_figure(8, 4.5)
    axes.plot(rates, losses, label="loss of a batch", color=GRAY, alpha=0.5, linewidth=1)
    axes.plot(rates, smoothed, label="smoothed", color=BLUE)
    for (name, rate), color in zip(marks.items(), (RED, ORANGE, GREEN), strict=False):
        axes.axvline(rate, color=color, linestyle="--", label=f"{name}: {rate:.2g}")
    low, high = min(smoothed), max(smoothed[0], min(smoothed))
    room = max(high - low, 0.1 * abs(high))  # what diverges leaves the plot
    finish(axes, xlabel="learning rate", ylabel="training loss",
           ylim=(low - 0.2 * room, high + 0.6 * room))  # fmt: skip
    use_log_scale(axes, "x")
    add_legend(figure)
    save(figure, path)
