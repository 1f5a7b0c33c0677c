"""Plots of a sweep: history, validations, importance, parallel coordinates, slices, timeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from conveyor.escape import plot_text
from conveyor.plots import BLUE, RED, add_legend, finish, new_figure, save, say_empty
from conveyor.plots.sweep_parameters import plot_parallel, plot_slices
from conveyor.plots.sweep_trials import COLORS, MARKERS, NO_VALUE, SweepTrials, Trial


def plot_sweep(trials: SweepTrials, importance: Mapping[str, float], folder: Path) -> None:
    """Write history.png, intermediate.png, importance.png, parallel.png, slices.png and edf.png.

    Args:
        importance: share of each key; empty if unknown.
    """
    save(_plot_history(trials), folder / "history.png")
    save(_plot_validations(trials), folder / "intermediate.png")
    save(_plot_importance(importance, trials.objective), folder / "importance.png")
    save(plot_parallel(trials), folder / "parallel.png")
    save(plot_slices(trials), folder / "slices.png")
    save(_plot_distribution(trials), folder / "edf.png")


def plot_timeline(rows: Sequence[Trial], path: Path) -> None:
    """Write a plot of each trial as a bar in time.

    Args:
        rows: a mapping for each trial with `trial` (its number), `state`, `start` and `end` (None
            if unknown; such a trial has no bar).
    """
    rows = [row for row in rows if row["start"] and row["end"]]
    figure, [axes] = new_figure(9, 1.5 + 0.22 * max(4, min(len(rows), 60)))
    first = min((row["start"] for row in rows), default=datetime.now())
    for state, color in COLORS.items():
        bars = [row for row in rows if row["state"] == state]
        if not bars:
            continue
        axes.barh(
            [row["trial"] for row in bars],
            [(row["end"] - row["start"]).total_seconds() for row in bars],
            left=[(row["start"] - first).total_seconds() for row in bars],
            color=color,
            label=state,
        )
    axes.set(xlabel=f"seconds since {first:%Y-%m-%d %H:%M:%S}", ylabel="trial", title="Timeline")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.invert_yaxis()
    if not rows:
        say_empty(axes, "no trial has ended")
    add_legend(figure)
    save(figure, path)


def _plot_history(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    for state in ("complete", "pruned"):
        rows = [row for row in trials.rows if row["state"] == state]
        numbers, values = [row["trial"] for row in rows], [row["value"] for row in rows]
        if rows:
            axes.scatter(numbers, values, c=COLORS[state], marker=MARKERS[state],
                         label=f"{state}: {len(rows)}")  # fmt: skip
    complete = [row for row in trials.rows if row["state"] == "complete" and row["feasible"]]
    best = np.minimum if trials.lower_is_better else np.maximum
    if complete:
        values = best.accumulate([row["value"] for row in complete])
        axes.step([row["trial"] for row in complete], values, where="post", color=RED,
                  label="best so far")  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes, xlabel="trial", ylabel=trials.axis_titles[0], title="Trials")
    if not trials.rows:
        say_empty(axes, NO_VALUE)
    add_legend(figure)
    return figure


def _plot_validations(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    for row in trials.rows:
        validations, values = (
            zip(*row["validations"], strict=True) if row["validations"] else ((), ())
        )
        axes.plot(
            validations, values, color=COLORS[row["state"]], alpha=0.6, linewidth=1,
            marker=MARKERS[row["state"]], markersize=4,
            markevery=[-1] if validations else None, label=row["state"],
        )  # fmt: skip
    if not any(row["validations"] for row in trials.rows):
        say_empty(axes, "no values before the end of a trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes, xlabel="validation", ylabel=trials.objective, title="Each validation")
    add_legend(figure)
    return figure


def _plot_distribution(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    values = [row["value"] for row in trials.rows if row["state"] == "complete"]
    if values:
        axes.ecdf(values, color=BLUE)
    else:
        say_empty(axes, "no trial was completed")
    title, share = f"Distribution of {trials.objective}", "share of completed trials at or below it"
    finish(axes, xlabel=trials.objective, ylabel=share, title=title)
    return figure


def _plot_importance(importance: Mapping[str, float], objective: str) -> Figure:
    figure, [axes] = new_figure(7, 1.4 + 0.4 * max(1, len(importance)))
    axes.set_title(f"What {objective} depends on (PED-ANOVA)")
    if importance:
        names = sorted(importance, key=lambda name: importance[name])
        shares = [importance[name] for name in names]
        bars = axes.barh([plot_text(name) for name in names], shares, color=BLUE)
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.margins(x=0.12)
    else:
        say_empty(axes, "too few completed trials to tell")
    return figure
