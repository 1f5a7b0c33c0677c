"""What the prepared data look like: lengths and classes of each split."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from conveyor.plots import save

COLORS = {"train": "tab:blue", "validation": "tab:orange", "test": "tab:green"}


def lengths(by_split: Mapping[str, NDArray[np.int32]], unit: str, path: Path) -> None:
    """Share of the rows by length, one outline a split; `unit` is "tokens" or "steps"."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    longest = max(int(v.max()) for v in by_split.values())
    edges = np.unique(np.linspace(0.5, longest + 0.5, min(longest, 40) + 1))
    for name, values in by_split.items():
        weights = np.full(len(values), 1 / len(values))
        label = f"{name}: {len(values)} rows, {values.min()} to {values.max()}"
        axes.hist(values, edges.tolist(), weights=weights, histtype="step", linewidth=1.8,
                  color=COLORS[name], label=label)  # fmt: skip
    axes.set(xlabel=f"length in {unit}", ylabel="share of the split's rows", title="Lengths")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    save(figure, path)


def classes(counts: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Share of each class by split, the row counts written on the bars."""
    names = list(next(iter(counts.values())))
    figure = Figure(figsize=(8, 1.4 + 0.5 * len(names)), layout="constrained")
    axes = figure.subplots()
    thickness = 0.8 / len(counts)
    for i, (split, numbers) in enumerate(counts.items()):
        total = sum(numbers.values())
        at = np.arange(len(names)) + (i - (len(counts) - 1) / 2) * thickness
        bars = axes.barh(at, [numbers[n] / total for n in names], thickness, label=split,
                         color=COLORS[split])  # fmt: skip
        axes.bar_label(bars, [str(numbers[n]) for n in names], padding=3, fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set(xlabel="share of the split's rows", title="Classes (row counts on the bars)")
    axes.legend(frameon=False)
    save(figure, path)
