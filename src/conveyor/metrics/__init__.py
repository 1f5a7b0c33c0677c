"""Metrics of a classifier: pure functions of labels and probabilities, in NumPy."""

from conveyor.metrics.table import BASELINE, METRICS, Metric, compute_metrics, score_all

__all__ = ["BASELINE", "METRICS", "Metric", "compute_metrics", "score_all"]
