"""What all metrics have in common: direction, intervals, paired comparison, slices by length."""

from conveyor.metrics.table import Better, Metric, MetricTable, Outputs, Pairs, Targets

__all__ = ["Better", "Metric", "MetricTable", "Outputs", "Pairs", "Targets"]
