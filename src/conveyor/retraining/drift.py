"""Whether new rows look like those the champion learnt from: tests, effects, one correction.

Pure functions of summaries; what is summarised stands in `conveyor.retraining.profile`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from conveyor.config import Drift

Floats = NDArray[np.float32]
FEW = 5  # expected rows in a cell, below which chi-square's tables are not trusted (Cochran 1954)
SIMULATED = 9999  # tables; the least p is 1 in 10 000, small enough for the correction of 100 tests


@dataclass(frozen=True)
class Rate:
    """A share of tokens, whose rows are clusters: tokens of one text resemble each other.

    Attributes:
        variance: of the share, between rows (see `Rate.of`).
    """

    hits: int
    total: int
    variance: float

    @classmethod
    def of(cls, hits: Sequence[int], totals: Sequence[int]) -> "Rate":
        """Sum rows up; the variance is that of a ratio of sums (Rao & Scott 1992)."""
        h, n = np.asarray(hits, np.float64), np.asarray(totals, np.float64)
        share = h.sum() / max(1.0, n.sum())
        rows = max(2, len(h))
        spread = float(((h - share * n) ** 2).sum()) * rows / (rows - 1)
        return cls(int(h.sum()), int(n.sum()), spread / max(1.0, n.sum()) ** 2)

    @property
    def share(self) -> float:
        return self.hits / max(1, self.total)


@dataclass(frozen=True)
class Summary:
    """What is compared, by feature."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # rows of each class
    samples: dict[str, Floats] = field(default_factory=dict)  # one value a row
    rates: dict[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One feature, tested.

    Attributes:
        adjusted: p after the correction for the number of tests.
        effect: Cramér's V, KS's D or Cohen's h, each 0 where nothing moved; see `measure`.
        drifts: `adjusted` is below the level, and `effect` is at least the limit.
    """

    feature: str
    test: str
    statistic: float
    p: float
    adjusted: float
    measure: str
    effect: float
    drifts: bool


Tested = tuple[str, float, float, str, float]  # test, statistic, p, measure, effect


def compare(before: Summary, now: Summary, config: Drift) -> list[Finding]:
    """Test every feature that both have; what drifts comes first, then the largest effect."""
    tested: dict[str, Tested] = {}
    for name in before.counts.keys() & now.counts.keys():
        tested[name] = chi_square(before.counts[name], now.counts[name])
    for name in before.samples.keys() & now.samples.keys():
        tested[name] = kolmogorov_smirnov(before.samples[name], now.samples[name])
    for name in before.rates.keys() & now.rates.keys():
        tested[name] = two_proportions(before.rates[name], now.rates[name])
    adjusted = adjust([one[2] for one in tested.values()], config.correction)
    found = [
        Finding(name, test, statistic, p, q, measure, effect,
                q < config.level and effect >= config.effect)
        for (name, (test, statistic, p, measure, effect)), q in zip(
            tested.items(), adjusted, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.drifts, -one.effect, one.feature))


def chi_square(before: Mapping[str, int], now: Mapping[str, int]) -> Tested:
    """Are classes as frequent as before? Simulated where expected counts are too few for tables."""
    names = sorted(before.keys() | now.keys())
    table = np.array([[side.get(name, 0) for name in names] for side in (before, now)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return "chi-square", 0.0, 1.0, "V", 0.0
    expected = stats.contingency.expected_freq(table)
    exact = None
    if expected.min() < FEW:
        exact = stats.MonteCarloMethod(n_resamples=SIMULATED, rng=np.random.default_rng(0))
    done = stats.chi2_contingency(table, correction=False, method=exact)
    statistic = float(done.statistic)
    name = "chi-square" if exact is None else "chi-square, simulated"
    # With two rows, V is the root of chi-square by the number of values (Cramér 1946).
    return name, statistic, float(done.pvalue), "V", sqrt(statistic / table.sum())


def kolmogorov_smirnov(before: Floats, now: Floats) -> Tested:
    """Are values distributed as before? D is the widest gap between the two step curves."""
    if not len(before) or not len(now):
        return "Kolmogorov-Smirnov", 0.0, 1.0, "D", 0.0
    done = stats.ks_2samp(before, now)
    gap = float(done.statistic)  # type: ignore[attr-defined]
    return "Kolmogorov-Smirnov", gap, float(done.pvalue), "D", gap  # type: ignore[attr-defined]


def two_proportions(before: Rate, now: Rate) -> Tested:
    """Is a share as large as before? Cohen's h compares shares on a scale fair to small ones."""
    difference = now.share - before.share
    error = sqrt(before.variance + now.variance)
    if error > 0:
        z = difference / error
    else:
        z = 0.0 if difference == 0 else float(np.copysign(np.finfo(np.float32).max, difference))
    p = float(2 * stats.norm.sf(abs(z)))
    h = abs(2 * asin(sqrt(now.share)) - 2 * asin(sqrt(before.share)))
    return "two proportions", z, p, "h", h


def adjust(ps: Sequence[float], correction: str) -> list[float]:
    """P values as if there were one test.

    >>> [round(p, 3) for p in adjust([0.01, 0.04, 0.03], "holm")]
    [0.03, 0.06, 0.06]

    Args:
        correction: "holm" bounds the chance of any false alarm (Holm 1979), "benjamini_hochberg"
            the share of false ones among the alarms (1995), "none" neither.
    """
    values = np.asarray(ps, np.float64)
    if correction == "none" or not len(values):
        return values.tolist()
    if correction == "benjamini_hochberg":
        return stats.false_discovery_control(values, method="bh").tolist()
    order = np.argsort(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return values.tolist()
