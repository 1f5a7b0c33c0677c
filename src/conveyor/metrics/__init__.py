"""What all metrics have in common: direction, intervals, paired comparison, slices by length."""

from conveyor.metrics.table import Metric, MetricTable, Outputs, Targets

__all__ = ["Metric", "MetricTable", "Outputs", "Targets"]
