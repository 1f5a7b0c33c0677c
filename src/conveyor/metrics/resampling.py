"""Confidence intervals of metrics, and tests that one model is better than another."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from conveyor.metrics.table import METRICS, Labels, Metric, Probabilities, compute_metrics


def intervals(
    labels: Labels, probabilities: Probabilities, *, samples: int, confidence: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Compute a percentile bootstrap interval of every metric (Efron & Tibshirani 1993, chapter
    13). Rows are drawn with replacement, the same draws for all metrics.

    Args:
        labels: true classes, int (rows,).
        probabilities: float (rows, classes).

    Returns:
        (low, high) by metric, without the metrics that no draw defines.
    """
    draws = _draws(len(labels), samples, seed)
    scores = [compute_metrics(METRICS, labels[rows], probabilities[rows]) for rows in draws]
    tail = 100 * (1 - confidence) / 2
    bounds = {}
    for name in METRICS:
        values = np.array([score[name] for score in scores])  # (samples,)
        finite = values[np.isfinite(values)]
        if len(finite):
            low, high = np.percentile(finite, [tail, 100 - tail])
            bounds[name] = (float(low), float(high))
    return bounds


def mcnemar(ours_right: NDArray[np.bool_], theirs_right: NDArray[np.bool_]) -> dict[str, float]:
    """Test that our model is right more often than theirs on the same rows, by McNemar's exact
    test (McNemar 1947).

    Args:
        ours_right: where our model is right, bool (rows,).
        theirs_right: where their model is right, bool (rows,).

    Returns:
        only_ours, only_theirs: rows that one model alone gets right; p_value: the one-sided
        probability of at least only_ours wins if both were equally good; 1 where they never differ.
    """
    ours = int((ours_right & ~theirs_right).sum())
    theirs = int((theirs_right & ~ours_right).sum())
    p = float(bdtrc(ours - 1, ours + theirs, 0.5)) if ours else 1.0
    return {"only_ours": ours, "only_theirs": theirs, "p_value": p}


def paired_gain(
    metric: Metric,
    labels: Labels,
    ours: Probabilities,
    theirs: Probabilities,
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> Mapping[str, float]:
    """Compute our gain over theirs in one metric, with a one-sided bootstrap bound; both models are
    scored on the same draws of rows.

    Returns:
        gain: in the metric's unit, positive where ours is better; lower: with the given
        confidence, the gain is above this bound.
    """

    def gain(labels: Labels, ours: Probabilities, theirs: Probabilities) -> float:
        return metric.gain(metric.compute(labels, ours), metric.compute(labels, theirs))

    draws = _draws(len(labels), samples, seed)
    gains = [gain(labels[rows], ours[rows], theirs[rows]) for rows in draws]
    lower = float(np.nanpercentile(gains, 100 * (1 - confidence)))
    return {"gain": gain(labels, ours, theirs), "lower": lower}


def _draws(rows: int, samples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Row numbers of each bootstrap sample, (rows,)."""
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        yield generator.integers(0, rows, rows)
