"""The plot of a regression's targets in prepared data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor.plots.data import plot_histograms


def plot_targets(report: Mapping[str, Any], folder: Path) -> None:
    """Draw a histogram of each column by split, from the data report."""
    plot_histograms(report["targets"], "rows", "Targets", folder / "targets.png")
