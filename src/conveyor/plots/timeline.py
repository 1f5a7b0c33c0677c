"""When each trial of a sweep ran."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from matplotlib.ticker import MaxNLocator

from conveyor.plots import new_figure, save
from conveyor.plots.sweep import COLORS


def plot_timeline(spans: Sequence[tuple[int, str, datetime, datetime]], path: Path) -> None:
    """Write a plot of each trial (number, state, start, end) as a bar in time."""
    figure, axes = new_figure(9, 1.5 + 0.22 * max(4, min(len(spans), 60)))
    first = min((start for _, _, start, _ in spans), default=datetime.now())
    for state, color in COLORS.items():
        bars = [span for span in spans if span[1] == state]
        if not bars:
            continue
        axes.barh(
            [number for number, *_ in bars],
            [(end - start).total_seconds() for _, _, start, end in bars],
            left=[(start - first).total_seconds() for _, _, start, _ in bars],
            color=color, label=state,
        )  # fmt: skip
    axes.set(xlabel=f"seconds since {first:%Y-%m-%d %H:%M:%S}", ylabel="trial", title="Timeline")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.invert_yaxis()
    axes.legend(frameon=False)
    save(figure, path)
