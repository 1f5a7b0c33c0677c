"""Plots of a sweep's parameters: parallel coordinates, and one parameter at a time."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import add_legend, finish, new_figure, say_empty
from conveyor.plots.sweep_trials import COLORS, MARKERS, NO_VALUE, SweepTrials

Ticks = list[tuple[float, str]]  # position on an axis, text
LABEL: dict[str, Any] = {
    "fontsize": 8, "va": "center", "zorder": 5,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
}  # fmt: skip
ABSENT = -0.12  # height at which the line of a trial without a key crosses that key's axis
DARKEST, LIGHTEST = 0.0, 0.8  # of the colour map; its lighter end is nearly white on white


def plot_parallel(trials: SweepTrials) -> Figure:
    """Draw each trial as a line over its parameters, coloured by its rank."""
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
            shade = LIGHTEST + (DARKEST - LIGHTEST) * quality[i]
            axes.plot(lines[i], style, color=colormaps["viridis"](shade), linewidth=1.6)
        for end in (values.argmin(), values.argmax()):
            axes.text(len(keys) + 0.03, rank[end], f"{values[end]:.4g}", **LABEL)
    else:
        say_empty(axes, NO_VALUE)
    names = [key.rpartition(".")[2] for key in keys]
    axes.set_xticks(range(len(keys) + 1), [*names, f"{trials.objective}\n(rank)"])
    title = "Every trial (dark: best, dotted: pruned)"
    axes.set(yticks=[], xlim=(-0.1, len(keys) + 0.35), title=title)
    axes.grid(axis="x")
    axes.spines[:].set_visible(False)
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


def plot_slices(trials: SweepTrials) -> Figure:
    """Draw the objective by each parameter."""
    count = max(1, len(trials.keys))
    figure, panels = new_figure(3.4 * count, 3.8, columns=count, sharey=True)
    for axes, key in zip(panels, trials.keys, strict=False):
        rows = [row for row in trials.rows if key in row["params"]]
        if not rows:
            say_empty(axes, "no trial has this parameter" if trials.rows else NO_VALUE)
        else:
            positions, ticks = _scale(key, trials)
            for state, marker in MARKERS.items():
                points = [
                    (x, row["value"])
                    for x, row in zip(positions, rows, strict=True)
                    if row["state"] == state
                ]
                if points:
                    axes.scatter(*zip(*points, strict=True), c=COLORS[state], marker=marker,
                                 label=state)  # fmt: skip
            axes.set_xticks([tick for tick, _ in ticks], [text for _, text in ticks], fontsize=8)
        finish(axes, xlabel=f"{plot_text(key)}{' (log)' if key in trials.logarithmic else ''}")
    panels[0].set_ylabel(trials.objective)
    figure.suptitle("One parameter at a time")
    add_legend(figure)
    return figure


def _scale(key: str, trials: SweepTrials) -> tuple[list[float], Ticks]:
    """Return the positions on a key's axis of the trials that have the key, and its ticks.

    The ticks of a range begin and end where the space does.
    """
    values = [row["params"][key] for row in trials.rows if key in row["params"]]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        options = _sorted_options(values)
        ticks = [(float(i), plot_text(str(option))) for i, option in enumerate(options)]
        return [float(options.index(value)) for value in values], ticks
    low, high = trials.ends.get(key, (min(values), max(values)))
    if key in trials.logarithmic:
        place: Callable[[float], float] = math.log10
        inner = [10.0**n for n in range(math.ceil(place(low)), math.floor(place(high)) + 1)]
    else:
        place = float
        inner = [float(mark) for mark in MaxNLocator(5).tick_values(low, high)]
    distance = (place(high) - place(low)) / 8  # between two ticks, so that their texts stay apart
    marks = [low, *(m for m in inner if low < m < high), *([high] if high > low else [])]
    ticks = [
        (place(mark), f"{mark:.3g}")
        for mark in marks
        if mark in (low, high)
        or min(place(mark) - place(low), place(high) - place(mark)) > distance
    ]
    return [place(value) for value in values], ticks


def _sorted_options(values: Sequence[Any]) -> list[Any]:
    """Return each value once: [4, 4] before [16] where values compare, else by their text."""
    unique = [value for i, value in enumerate(values) if value not in values[:i]]
    try:
        return sorted(unique)
    except TypeError:
        return sorted(unique, key=str)
