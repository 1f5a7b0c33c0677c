"""The plot of a classifier's targets in prepared data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor.plots.data import plot_counts


def plot_targets(report: Mapping[str, Any], folder: Path) -> None:
    """Draw the share of each class by split, from the data report."""
    plot_counts(report["classes"], folder / "classes.png", "Classes (row counts on the bars)")
