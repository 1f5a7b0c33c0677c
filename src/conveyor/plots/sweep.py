"""Plots of a sweep: history, validations, importance, parallel coordinates, slices, timeline."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import finish, new_figure, save

Trial = Mapping[str, Any]
Ticks = list[tuple[float, str]]  # position on an axis, text
LABEL: dict[str, Any] = {
    "fontsize": 8, "va": "center", "zorder": 5,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
}  # fmt: skip
ABSENT = -0.12  # height at which the line of a trial without a key crosses that key's axis
COLORS = {"complete": "tab:blue", "pruned": "tab:orange", "failed": "tab:red"}


@dataclass(frozen=True)
class SweepTrials:
    """The trials of a sweep that have a value, as the plots show them.

    Attributes:
        rows: a mapping for each trial with `trial` (its number), `state`, `feasible`, `value` (the
            first objective), `values` (all objectives), `params` (value by key)
            and `validations` (pairs of validation and first objective).
        keys: all searched keys; a trial may lack some.
        logarithmic: keys that were searched on a log scale.
        objectives: by name, whether a higher or a lower value is better.
    """

    rows: Sequence[Trial]
    keys: Sequence[str]
    logarithmic: Collection[str]
    objectives: Mapping[str, str]

    @property
    def axis_titles(self) -> list[str]:
        """Each objective, and which way it is better."""
        return [f"{name} ({better} is better)" for name, better in self.objectives.items()]

    @property
    def objective(self) -> str:
        """The first objective, which most plots show."""
        return next(iter(self.objectives))

    @property
    def lower_is_better(self) -> bool:
        """Whether the first objective is minimised."""
        return self.objectives[self.objective] == "lower"


def plot_sweep(trials: SweepTrials, importance: Mapping[str, float], folder: Path) -> None:
    """Write history.png, intermediate.png, importance.png, parallel.png, slices.png and edf.png.

    Args:
        importance: share of each key; empty if unknown.
    """
    save(_plot_history(trials), folder / "history.png")
    save(_plot_validations(trials), folder / "intermediate.png")
    save(_plot_importance(importance, trials.objective), folder / "importance.png")
    save(_plot_parallel(trials), folder / "parallel.png")
    save(_plot_slices(trials), folder / "slices.png")
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
    axes.legend(frameon=False)
    save(figure, path)


def _plot_history(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    for state in ("complete", "pruned"):
        rows = [row for row in trials.rows if row["state"] == state]
        numbers, values = [row["trial"] for row in rows], [row["value"] for row in rows]
        axes.scatter(numbers, values, c=COLORS[state], label=state)
    complete = [row for row in trials.rows if row["state"] == "complete" and row["feasible"]]
    best = np.minimum if trials.lower_is_better else np.maximum
    if complete:
        values = best.accumulate([row["value"] for row in complete])
        axes.step([row["trial"] for row in complete], values, where="post", color="tab:red",
                  label="best so far")  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes, xlabel="trial", ylabel=trials.axis_titles[0], title="Trials")
    return figure


def _plot_validations(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    for row in trials.rows:
        validations, values = (
            zip(*row["validations"], strict=True) if row["validations"] else ((), ())
        )
        axes.plot(
            validations, values, color=COLORS[row["state"]], alpha=0.6, linewidth=1,
            marker="o", markersize=3, markevery=[-1] if validations else None,
        )  # fmt: skip
    if not any(row["validations"] for row in trials.rows):
        axes.text(0.5, 0.5, "no values before the end of a trial", ha="center", va="center",
                  transform=axes.transAxes)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(
        axes, xlabel="validation", ylabel=trials.objective, title="Each validation (orange: pruned)"
    )
    return figure


def _plot_distribution(trials: SweepTrials) -> Figure:
    figure, [axes] = new_figure(7, 4)
    values = [row["value"] for row in trials.rows if row["state"] == "complete"]
    if values:
        axes.ecdf(values, color="tab:blue")
    title, share = f"Distribution of {trials.objective}", "share of completed trials at or below it"
    finish(axes, xlabel=trials.objective, ylabel=share, title=title)
    return figure


def _plot_importance(importance: Mapping[str, float], objective: str) -> Figure:
    figure, [axes] = new_figure(7, 1.4 + 0.4 * max(1, len(importance)))
    axes.set_title(f"What {objective} depends on (PED-ANOVA)")
    if importance:
        names = sorted(importance, key=lambda name: importance[name])
        bars = axes.barh(names, [importance[name] for name in names], color="tab:blue")
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.margins(x=0.12)
    else:
        axes.text(0.5, 0.5, "too few completed trials to tell", ha="center", va="center")
        axes.set_axis_off()
    return figure


def _plot_parallel(trials: SweepTrials) -> Figure:
    rows, keys = trials.rows, trials.keys
    figure, [axes] = new_figure(2.2 * (len(keys) + 1), 4.5)
    if rows:
        columns = [_draw_key_axis(axes, i, key, trials) for i, key in enumerate(keys)]
        values = np.array([row["value"] for row in rows], dtype=float)
        # By rank, since one diverged trial would press all others into one line.
        rank = values.argsort().argsort() / max(1, len(values) - 1)
        lines = np.column_stack([*columns, rank])  # (trials, keys + 1)
        quality = 1 - rank if trials.lower_is_better else rank
        for i in np.argsort(quality):
            style = "-" if rows[i]["state"] == "complete" else ":"
            axes.plot(lines[i], style, color=colormaps["viridis"](quality[i]), linewidth=1.6)
        for end in (values.argmin(), values.argmax()):
            axes.text(len(keys) + 0.03, rank[end], f"{values[end]:.4g}", **LABEL)
    names = [key.rpartition(".")[2] for key in keys]
    axes.set_xticks(range(len(keys) + 1), [*names, f"{trials.objective}\n(rank)"])
    title = "Every trial (yellow: best, dotted: pruned)"
    axes.set(yticks=[], xlim=(-0.1, len(keys) + 0.35), title=title)
    axes.grid(axis="x")
    return figure


def _draw_key_axis(axes: Axes, column: int, key: str, trials: SweepTrials) -> NDArray[np.float64]:
    """Label one axis of the parallel coordinates.

    Returns:
        The height of each trial on it, 0 ... 1, or ABSENT; float64 (trials,).
    """
    has_key = np.array([key in row["params"] for row in trials.rows])
    heights = np.full(len(has_key), ABSENT)
    if not has_key.all():
        axes.text(column + 0.03, ABSENT, "(none)", **LABEL)
    if has_key.any():
        positions, ticks = _scale(key, trials)
        ends = [*positions, *(position for position, _ in ticks)]
        low, span = min(ends), (max(ends) - min(ends)) or 1.0
        heights[has_key] = (np.array(positions) - low) / span
        for position, text in ticks:
            axes.text(column + 0.03, (position - low) / span, text, **LABEL)
    return heights


def _plot_slices(trials: SweepTrials) -> Figure:
    count = max(1, len(trials.keys))
    figure, panels = new_figure(3.4 * count, 3.6, columns=count, sharey=True)
    for axes, key in zip(panels, trials.keys, strict=False):
        rows = [row for row in trials.rows if key in row["params"]]
        if not rows:
            continue
        positions, ticks = _scale(key, trials)
        colors = [COLORS[row["state"]] for row in rows]
        axes.scatter(positions, [row["value"] for row in rows], c=colors)
        axes.set_xticks([tick for tick, _ in ticks], [text for _, text in ticks], fontsize=8)
        finish(axes, xlabel=f"{key}{' (log)' if key in trials.logarithmic else ''}")
    panels[0].set_ylabel(trials.objective)
    figure.suptitle("One parameter at a time (orange: pruned)")
    return figure


def _scale(key: str, trials: SweepTrials) -> tuple[list[float], Ticks]:
    """Return the positions on a key's axis of the trials that have the key, and its ticks."""
    values = [row["params"][key] for row in trials.rows if key in row["params"]]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        options = _sorted_options(values)
        ticks = [(float(i), plot_text(str(option))) for i, option in enumerate(options)]
        return [float(options.index(value)) for value in values], ticks
    if key in trials.logarithmic:
        positions = [math.log10(value) for value in values]
        decades = range(math.floor(min(positions)), math.ceil(max(positions)) + 1)
        return positions, [(float(decade), f"1e{decade}") for decade in decades]
    marks = MaxNLocator(5).tick_values(min(values), max(values))
    return [float(value) for value in values], [(float(mark), f"{mark:.3g}") for mark in marks]


def _sorted_options(values: Sequence[Any]) -> list[Any]:
    """Return each value once: [4, 4] before [16] where values compare, else by their text."""
    unique = [value for i, value in enumerate(values) if value not in values[:i]]
    try:
        return sorted(unique)
    except TypeError:
        return sorted(unique, key=str)
