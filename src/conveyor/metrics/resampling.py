"""How sure a figure is, and whether one model is better than another on the same rows."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics.table import METRICS, Labels, Metric, Probabilities, compute_all


def intervals(
    labels: Labels, probabilities: Probabilities, *, samples: int, confidence: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of every metric (Efron & Tibshirani 1993, chapter 13).

    Rows are drawn with replacement, the same draws for all metrics.

    Returns:
        (low, high) by metric; metrics that no draw defines are left out.
    """
    drawn: dict[str, list[float]] = {name: [] for name in METRICS}
    for rows in _draws(len(labels), samples, seed):
        for name, figure in compute_all(labels[rows], probabilities[rows]).items():
            drawn[name].append(figure)
    tail = 100 * (1 - confidence) / 2
    found = {}
    for name, values in drawn.items():
        finite = np.array(values)[np.isfinite(values)]
        if len(finite):
            low, high = np.percentile(finite, [tail, 100 - tail])
            found[name] = (float(low), float(high))
    return found


def mcnemar(ours_right: NDArray[np.bool_], theirs_right: NDArray[np.bool_]) -> dict[str, float]:
    """McNemar's exact test (McNemar 1947) that ours is right more often, on the same rows.

    Returns:
        only_ours, only_theirs: rows that one alone gets right; p_value: one-sided probability of
        at least so many wins if both were equally good; 1 where they never differ.
    """
    ours = int((ours_right & ~theirs_right).sum())
    theirs = int((theirs_right & ~ours_right).sum())
    from scipy.special import bdtrc  # composing needs none of SciPy

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
    """Gain of ours over theirs with a one-sided bootstrap bound; both scored on the same draws.

    Returns:
        gain: in the metric's unit, positive where ours is better; lower: it is above this with the
        given confidence.
    """
    draws = [
        metric.gain(
            metric.compute(labels[rows], ours[rows]), metric.compute(labels[rows], theirs[rows])
        )
        for rows in _draws(len(labels), samples, seed)
    ]
    gain = metric.gain(metric.compute(labels, ours), metric.compute(labels, theirs))
    return {"gain": gain, "lower": float(np.nanpercentile(draws, 100 * (1 - confidence)))}


def _draws(rows: int, samples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    for _ in range(samples):
        yield draw.integers(0, rows, rows)
