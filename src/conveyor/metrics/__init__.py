"""Figures of merit for a classifier: pure functions of labels and probabilities."""

from conveyor.metrics.table import BASELINE, METRICS, Metric, score_all

__all__ = ["BASELINE", "METRICS", "Metric", "score_all"]
