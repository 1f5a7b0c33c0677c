"""Plots of prepared data: lengths and classes of each split, and findings of the checks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from conveyor.escape import plot_text
from conveyor.plots import BLUE, GREEN, ORANGE, RED, add_legend, finish, new_figure, save, say_empty

COLORS = {"train": BLUE, "validation": ORANGE, "test": GREEN}


def plot_histograms(
    columns: Mapping[str, Any], unit: str, title: str, path: Path
) -> None:  # fmt: skip
    """Draw a histogram of each column of numbers by split, from the data report; `unit` is "rows"
    or "steps"."""
    figure, panels = new_figure(8, 3.4 * len(columns), rows=len(columns))
    for axes, (name, column) in zip(panels, columns.items(), strict=True):
        for split, color in COLORS.items():
            numbers = column["splits"][split]
            counts = np.array(numbers["histogram"])
            legend = f"{split}: {counts.sum()} {unit}, {numbers['min']:.4g} to {numbers['max']:.4g}"
            axes.stairs(counts / counts.sum(), column["edges"], linewidth=1.8, color=color,
                        label=legend)  # fmt: skip
        finish(axes, xlabel=plot_text(name), ylabel=f"share of the split's {unit}", title=title)
    add_legend(figure)
    save(figure, path)


def plot_lengths(by_split: Mapping[str, NDArray[np.int32]], unit: str, path: Path) -> None:
    """Draw the share of rows by length, one outline a split; `unit` is "tokens" or "steps"."""
    figure, [axes] = new_figure(8, 4)
    longest = max(int(v.max()) for v in by_split.values())
    edges = np.arange(0.5, longest + 1 + (width := -(-longest // 40)), width)
    for name, values in by_split.items():
        counts, _ = np.histogram(values, edges)  # Matplotlib's own takes 8 bytes more a row
        legend = f"{name}: {len(values)} rows, {values.min()} to {values.max()}"
        axes.stairs(counts / len(values), edges, linewidth=1.8, color=COLORS[name], label=legend)
    finish(axes, xlabel=f"length in {unit}", ylabel="share of the split's rows", title="Lengths",
           xlim=(0, edges[-1]))  # fmt: skip
    add_legend(figure)
    save(figure, path)


def plot_counts(
    counts: Mapping[str, Mapping[str, int]],
    path: Path,
    title: str,
    rows: Mapping[str, int] | None = None,
    unit: str = "rows",
) -> None:
    """Draw the share of each value by split, with the row counts on the bars.

    Args:
        rows: of each split; None where each row has one of the values.
        unit: what is counted.
    """
    names = list(next(iter(counts.values())))
    figure, [axes] = new_figure(8, 1.7 + 0.5 * len(names))
    thickness = 0.8 / len(counts)
    for i, split in enumerate(split for split in COLORS if split in counts):
        numbers = counts[split]
        total = sum(numbers.values()) if rows is None else rows[split]
        positions = np.arange(len(names)) + (i - (len(counts) - 1) / 2) * thickness
        bars = axes.barh(positions, [numbers[n] / total for n in names], thickness, label=split,
                         color=COLORS[split])  # fmt: skip
        axes.bar_label(bars, [str(numbers[n]) for n in names], padding=3, fontsize=7)
    axes.set_yticks(range(len(names)), [plot_text(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    finish(axes, "x", xlabel=f"share of the split's {unit}", title=title)
    add_legend(figure)
    save(figure, path)


def plot_findings(counts: Mapping[str, int], read: int, path: Path) -> None:
    """Draw the rows of each finding that has any; where none has, the plot says so.

    Args:
        read: rows that were read.
    """
    drawn = {name: count for name, count in counts.items() if count}
    figure, [axes] = new_figure(8, 1.4 + 0.34 * max(1, len(drawn)))
    title = f"Findings in {read:,} rows: {len(drawn)} of {len(counts)} checks"
    axes.set_title(title)
    if not drawn:
        say_empty(axes, f"none of the {len(counts)} checks found a row")
    else:
        bars = axes.barh(range(len(drawn)), list(drawn.values()), 0.7, color=RED)
        texts = [f"{count:,} ({count / read:.2%})" for count in drawn.values()]
        axes.bar_label(bars, texts, padding=3, fontsize=8)
        axes.set_yticks(range(len(drawn)), list(drawn))
        axes.invert_yaxis()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        limit = 1.25 * max(drawn.values())  # room for the counts beside the bars
        finish(axes, "x", xlabel="rows", xlim=(0, limit))
    save(figure, path)
