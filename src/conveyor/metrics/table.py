"""A metric, and the table of a task's metrics."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Better = Literal["higher", "lower"]
# Both may instead have values for each step; see metrics/steps.py.
Targets = NDArray[Any]  # encoded targets, (rows,) or (rows, values)
Outputs = NDArray[np.floating]  # what the network gives for each row, (rows, width)


def write_score(value: float) -> str:
    """Write a metric with four digits after the point; one in a very small or large unit with four
    digits in all, since otherwise it would be 0.0000, or digits without end.

    >>> [write_score(value) for value in (0.98765, 0.0, 1234.5, 9.5e-13, -2.34567e11)]
    ['0.9877', '0.0000', '1234.5000', '9.5e-13', '-2.346e+11']
    """
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        title: its name in reports.
        function: computes it from what `MetricTable.pair` returns; NaN where it is not defined.
        better: whether a higher or a lower value is better.
    """

    title: str
    function: Callable[[Any], float]
    better: Better = "higher"

    def gain(self, new: float, old: float) -> float:
        """Return by how much `new` is better than `old`, in the metric's unit."""
        return new - old if self.better == "higher" else old - new


class Pairs(Protocol):
    """Targets and outputs of the same rows, and what several metrics derive from them."""

    def take(self, rows: NDArray[np.integer]) -> Self:
        """Return those of these rows, (rows,), of which one may repeat."""
        ...


@dataclass(frozen=True)
class MetricTable:
    """The metrics of a task.

    Attributes:
        metrics: by name.
        headline: name of the metric by which models are compared where no other is named.
        validation: names of the metrics of the validation rows that each validation records.
        pair: joins targets and outputs to what the metrics' functions take, so that several metrics
            share what they derive from them.
    """

    metrics: Mapping[str, Metric]
    headline: str
    validation: tuple[str, ...]
    pair: Callable[[Targets, Outputs], Pairs]

    def __getitem__(self, name: str) -> Metric:
        return self.metrics[name]

    def compute(self, names: Iterable[str], targets: Targets, outputs: Outputs) -> dict[str, float]:
        """Compute metrics by their names; NaN where one is not defined for these rows."""
        return self.compute_of(names, self.pair(targets, outputs))

    def compute_of(self, names: Iterable[str], pairs: Pairs) -> dict[str, float]:
        """Compute metrics of what `pair` returned."""
        return {name: self.metrics[name].function(pairs) for name in names}

    def compute_one(self, name: str, targets: Targets, outputs: Outputs) -> float:
        """Compute one metric; NaN where it is not defined for these rows."""
        return self.compute([name], targets, outputs)[name]

    def score_all(self, targets: Targets, outputs: Outputs) -> dict[str, float]:
        """Compute every metric that is defined for these rows."""
        scores = self.compute(self.metrics, targets, outputs)
        return {name: score for name, score in scores.items() if np.isfinite(score)}

    def find_best(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the name of the model whose headline metric is best; the first of equal ones.

        Args:
            scores: metrics by model.
        """
        headline = self.metrics[self.headline]
        sign = 1 if headline.better == "higher" else -1
        return max(scores, key=lambda name: sign * scores[name][self.headline])
