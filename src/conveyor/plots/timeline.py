"""When each trial of a sweep ran."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib.ticker import MaxNLocator

from conveyor.plots import new_figure, save
from conveyor.plots.sweep import COLORS


def plot_timeline(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
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
