"""The plots of tags in prepared data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conveyor.plots.data import plot_counts

MOST_DRAWN = 30  # types


def plot_targets(report: Mapping[str, Any], folder: Path) -> None:
    """Draw the spans of each type by split, of the most frequent types, from the data report."""
    training = report["types"]["train"]
    drawn = sorted(training, key=lambda name: -training[name])[:MOST_DRAWN]
    counts = {
        split: {name: by_type[name] for name in drawn} for split, by_type in report["types"].items()
    }
    title = f"Spans (counts on the bars), {len(drawn)} of {len(training)} types"
    spans = {split: max(1, sum(by_type.values())) for split, by_type in report["types"].items()}
    plot_counts(counts, folder / "types.png", title, spans, "spans")
