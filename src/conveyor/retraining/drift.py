"""Tests whether new rows are distributed like the rows that the champion learnt from.

Pure functions of summaries, which `conveyor.retraining.profile` computes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import asin, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from conveyor.config import Drift

Floats = NDArray[np.float32]
MIN_EXPECTED = 5  # rows in a cell; chi-square's distribution is a poor fit below (Cochran 1954)
SIMULATIONS = 9999  # the smallest p is 1 in 10 000, enough for the correction of 100 tests


@dataclass(frozen=True)
class Rate:
    """A share of tokens. Rows are clusters, since the tokens of one text resemble each other.

    Attributes:
        hits: number of tokens counted.
        total: number of all tokens.
        variance: of the share, between rows; see `Rate.of`.
    """

    hits: int
    total: int
    variance: float

    @classmethod
    def of(cls, hits: Sequence[int], totals: Sequence[int]) -> "Rate":
        """Add up the rows; the variance is that of a ratio of sums (Rao & Scott 1992)."""
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
    """The distributions that are compared, by feature.

    Attributes:
        counts: number of rows of each value.
        samples: one value per row.
        rates: shares of tokens.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    samples: dict[str, Floats] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)

    def merge(self, other: "Summary") -> "Summary":
        """The features of both summaries, which share none."""
        return Summary(
            self.counts | other.counts, self.samples | other.samples, self.rates | other.rates
        )


@dataclass(frozen=True)
class TestResult:
    """The result of the test of one feature, before the correction for the number of tests.

    Attributes:
        measure: the measure of the effect: V (Cramér), D (Kolmogorov-Smirnov) or h (Cohen).
        effect: its value, 0 if the distributions are equal.
    """

    test: str
    statistic: float
    p: float
    measure: str
    effect: float


@dataclass(frozen=True)
class Finding(TestResult):
    """The test of one feature among others.

    Attributes:
        adjusted: p after the correction for the number of tests.
        drifts: whether `adjusted` is below the level and `effect` is at least the limit.
    """

    feature: str
    adjusted: float
    drifts: bool


def compare(before: Summary, now: Summary, config: Drift) -> list[Finding]:
    """Test each feature that both summaries have, and correct for the number of tests.

    Returns:
        Features that drift first, and among them the largest effect first.
    """
    results: dict[str, TestResult] = {}
    for name in before.counts.keys() & now.counts.keys():
        results[name] = chi_square(before.counts[name], now.counts[name])
    for name in before.samples.keys() & now.samples.keys():
        results[name] = kolmogorov_smirnov(before.samples[name], now.samples[name])
    for name in before.rates.keys() & now.rates.keys():
        results[name] = two_proportions(before.rates[name], now.rates[name])
    adjusted = adjust([result.p for result in results.values()], config.correction)
    findings = []
    for (feature, result), p in zip(results.items(), adjusted, strict=True):
        drifts = p < config.level and result.effect >= config.effect
        findings.append(Finding(**asdict(result), feature=feature, adjusted=p, drifts=drifts))
    return sorted(findings, key=lambda f: (not f.drifts, -f.effect, f.feature))


def chi_square(before: Mapping[str, int], now: Mapping[str, int]) -> TestResult:
    """Pearson's chi-square test of the class frequencies; p is simulated where a cell is small.

    The effect is Cramér's V: with two rows, the root of chi-square by the sum (Cramér 1946).
    """
    names = sorted(before.keys() | now.keys())
    table = np.array([[side.get(name, 0) for name in names] for side in (before, now)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return TestResult("chi-square", 0.0, 1.0, "V", 0.0)
    expected = stats.contingency.expected_freq(table)
    simulation = None
    if expected.min() < MIN_EXPECTED:
        simulation = stats.MonteCarloMethod(n_resamples=SIMULATIONS, rng=np.random.default_rng(0))
    result = stats.chi2_contingency(table, correction=False, method=simulation)
    statistic = float(result.statistic)
    name = "chi-square" if simulation is None else "chi-square, simulated"
    effect = sqrt(statistic / table.sum())
    return TestResult(name, statistic, float(result.pvalue), "V", effect)


def kolmogorov_smirnov(before: Floats, now: Floats) -> TestResult:
    """Two-sample Kolmogorov-Smirnov test; D is the largest distance of the two distributions."""
    if not len(before) or not len(now):
        return TestResult("Kolmogorov-Smirnov", 0.0, 1.0, "D", 0.0)
    result = stats.ks_2samp(before, now)
    distance = float(result.statistic)  # type: ignore[attr-defined]
    p = float(result.pvalue)  # type: ignore[attr-defined]
    return TestResult("Kolmogorov-Smirnov", distance, p, "D", distance)


def two_proportions(before: Rate, now: Rate) -> TestResult:
    """Test of two proportions; Cohen's h measures the difference, also of small shares."""
    difference = now.share - before.share
    error = sqrt(before.variance + now.variance)
    if error > 0:
        z = difference / error
    else:
        z = 0.0 if difference == 0 else float(np.copysign(np.finfo(np.float32).max, difference))
    p = float(2 * stats.norm.sf(abs(z)))
    h = abs(2 * asin(sqrt(now.share)) - 2 * asin(sqrt(before.share)))
    return TestResult("two proportions", z, p, "h", h)


def adjust(ps: Sequence[float], correction: str) -> list[float]:
    """Correct p values for the number of tests.

    >>> [round(p, 3) for p in adjust([0.01, 0.04, 0.03], "holm")]
    [0.03, 0.06, 0.06]

    Args:
        correction: "holm" bounds the probability of any false alarm (Holm 1979),
            "benjamini_hochberg" the share of false alarms among the alarms (Benjamini & Hochberg
            1995), "none" returns `ps`.
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
