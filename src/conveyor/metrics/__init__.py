"""Figures of merit for a classifier: pure functions of labels and probabilities."""

from conveyor.metrics.table import METRICS, Metric, score_all

__all__ = ["METRICS", "Metric", "score_all"]
