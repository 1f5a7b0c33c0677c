"""Confidence intervals of metrics, and a test that one model is better than another."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics.paired import PValues
from conveyor.metrics.table import MetricTable, Outputs, Targets
from conveyor.progress import progress_bar

Units = NDArray[np.integer]  # (rows,)


def intervals(
    table: MetricTable,
    targets: Targets,
    outputs: Outputs,
    *,
    samples: int,
    confidence: float,
    seed: int,
    units: Units | None = None,
    show_progress: bool = False,
) -> dict[str, tuple[float, float]]:
    """Compute a percentile bootstrap interval of every metric (Efron & Tibshirani 1993, chapter
    13). Rows are drawn with replacement, the same draws for all metrics.

    Args:
        targets: of the rows, first axis (rows,).
        outputs: (rows, width).
        units: see `draw_samples`.

    Returns:
        (low, high) by metric, without the metrics that no draw defines.
    """
    draws = draw_samples(len(targets), samples, seed, units)
    pairs = table.pair(targets, outputs)
    with progress_bar("intervals", " samples", samples, show=show_progress) as bar:
        scores = []
        for rows in draws:
            scores.append(table.compute_of(table.metrics, pairs.take(rows)))
            bar.update()
    tail = 100 * (1 - confidence) / 2
    bounds = {}
    for name in table.metrics:
        values = np.array([score[name] for score in scores])  # (samples,)
        finite = values[np.isfinite(values)]
        if len(finite):
            low, high = np.percentile(finite, [tail, 100 - tail])
            bounds[name] = (float(low), float(high))
    return bounds


def paired_gain(
    tables: tuple[MetricTable, MetricTable],
    name: str,
    targets: Targets,
    ours: Outputs,
    theirs: Outputs,
    *,
    samples: int,
    confidence: float,
    seed: int,
    units: Units | None = None,
) -> Mapping[str, float]:
    """Compute our gain over theirs in one metric, with a one-sided bootstrap bound; both models are
    scored on the same draws of rows.

    Args:
        tables: the metrics of our model and those of theirs, since each decides in its own way.
        units: see `draw_samples`.

    Returns:
        gain: in the metric's unit, positive where ours is better; lower: with the given
        confidence, the gain is above this bound; standard_error: of the gain (Efron & Tibshirani
        1993, chapter 6), with the factor that makes it unbiased for a mean.
    """

    models = [
        (table, table.pair(targets, outputs))
        for table, outputs in zip(tables, (ours, theirs), strict=True)
    ]

    def gain(rows: NDArray[np.integer]) -> float:
        scores = (table.compute_of([name], pairs.take(rows))[name] for table, pairs in models)
        return tables[0][name].gain(*scores)

    gains = [gain(rows) for rows in draw_samples(len(targets), samples, seed, units)]
    lower = float(np.nanpercentile(gains, 100 * (1 - confidence)))
    count = len(targets) if units is None else len(np.unique(units))
    unbiased = (count / max(1, count - 1)) ** 0.5
    return {"gain": gain(np.arange(len(targets))), "lower": lower,
            "standard_error": unbiased * float(np.nanstd(gains))}  # fmt: skip


def bootstrap_p_values(gains: NDArray[np.floating]) -> PValues:
    """Compute the p values of a gain: how often that of a sample is not on its side of 0 (Davison &
    Hinkley 1997, chapter 4: each count plus one).

    Args:
        gains: of each bootstrap sample of the rows, by how much our model is better, (samples,).
    """
    better, worse = (1 + (gains <= 0).sum(), 1 + (gains >= 0).sum())
    return PValues(float(better / (1 + len(gains))), float(worse / (1 + len(gains))))


def draw_samples(
    rows: int, samples: int, seed: int, units: Units | None = None
) -> Iterator[NDArray[np.integer]]:
    """Yield the row numbers of each bootstrap sample, (rows,).

    Args:
        units: of the rows, (rows,): rows of one unit, such as a block of time, depend on each other
            and are drawn together, so that a sample has about as many rows; None: each row is one.
    """
    generator = np.random.default_rng(seed)
    if units is None:
        for _ in range(samples):
            yield generator.integers(0, rows, rows)
        return
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=units[order][:1] - 1))
    groups = np.split(order, starts[1:])
    for _ in range(samples):
        drawn = generator.integers(0, len(groups), len(groups))
        yield np.concatenate([groups[number] for number in drawn])


def assign_folds(strata: NDArray[np.integer], count: int, seed: int) -> NDArray[np.int64]:
    """Assign each row to a fold of a stratified cross-validation.

    Returns:
        The fold of each row, 0 to count - 1, int64 (rows,); each stratum is spread over all folds.
    """
    order = np.random.default_rng(seed).permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    folds = np.empty(len(strata), dtype=np.int64)
    folds[order] = np.arange(len(strata)) % count
    return folds
