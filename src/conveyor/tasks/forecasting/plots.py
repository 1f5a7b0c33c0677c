"""Plots of forecasts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLACK, BLUE, GRAY, ORANGE, add_legend, finish, new_figure, save
from conveyor.tasks.forecasting.outputs import Forecasts

Numbers = NDArray[np.floating]


def plot_fans(
    before: Sequence[Numbers], values: Numbers, forecasts: Forecasts, titles: Sequence[str],
    names: Sequence[str], path: Path,
) -> None:  # fmt: skip
    """Draw stretches of the test rows with their forecasts, a line of panels for each column.

    Args:
        before: the end of the context of each stretch, (steps, columns).
        values: what came, (stretches, columns, horizon).
        forecasts: of the stretches.
    """
    figure, panels = new_figure(4.2 * len(before), 3.2 * len(names), len(names), len(before))
    horizon = values.shape[2]
    ahead = np.arange(1, horizon + 1)
    levels = forecasts.quantiles
    for column, name in enumerate(names):
        for number, context in enumerate(before):
            axes = panels[column * len(before) + number]
            past = np.arange(1 - len(context), 1)
            axes.plot(past, context[:, column], color=BLACK, linewidth=1)
            axes.plot(ahead, values[number, column], color=BLACK, linewidth=1, label="true")
            fan = forecasts.values[number, column]  # (horizon, quantiles)
            for inner in range(len(levels) // 2):
                low, high = fan[:, inner], fan[:, -1 - inner]
                share = f"{levels[inner]:g} to {levels[-1 - inner]:g}"
                opacity = 0.2 + 0.15 * inner  # so that the legend tells them apart
                axes.fill_between(ahead, low, high, color=BLUE, alpha=opacity, linewidth=0,
                                  label=f"quantiles {share}")  # fmt: skip
            axes.plot(ahead, forecasts.point[number, column], color=ORANGE, label="forecast")
            axes.axvline(0.5, color=GRAY, linestyle=":", linewidth=1)
            title = plot_text(titles[number])
            finish(axes, xlabel="steps from the origin", ylabel=plot_text(name), title=title)
    add_legend(figure)
    save(figure, path)


def plot_steps(scores: Sequence[Mapping[str, float]], promised: float | None, path: Path) -> None:
    """Draw error and coverage by step of the horizon.

    Args:
        promised: share that the interval promises to hold; None: there are no intervals.
    """
    steps = [score["step"] for score in scores]
    figure, panels = new_figure(9, 3.6, 1, 1 if promised is None else 2)
    panels[0].plot(steps, [score["scaled_mae"] for score in scores], color=BLUE, marker=".")
    finish(panels[0], xlabel="step", ylabel="standard deviations", title="Mean absolute error",
           ylim=(0, None))  # fmt: skip
    if promised is not None:
        panels[1].plot(steps, [score["coverage"] for score in scores], color=BLUE, marker=".")
        panels[1].axhline(promised, color=GRAY, linestyle=":", linewidth=1)
        finish(panels[1], xlabel="step", ylabel="share of values", ylim=(0, 1),
               title=f"Within the interval; promised {promised:.0%}")  # fmt: skip
    save(figure, path)


def plot_series(scores: Sequence[Mapping[str, float | str]], path: Path) -> None:
    """Draw the error of the series with the largest ones."""
    names = [plot_text(str(score["series"])) for score in scores][::-1]
    errors = [float(score["scaled_mae"]) for score in scores][::-1]
    figure, [axes] = new_figure(7, 1.2 + 0.3 * len(names))
    axes.barh(names, errors, color=BLUE)
    finish(axes, "x", xlabel="mean absolute error, standard deviations",
           title="Series of the largest error")  # fmt: skip
    save(figure, path)
