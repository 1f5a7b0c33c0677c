"""A network beside simple baselines, in numbers and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conveyor.metrics.paired import PairedComparison


@dataclass(frozen=True)
class BaselineComparison:
    """A network beside the best simple baseline, and beside the trivial one, on the test rows.

    Attributes:
        best: name of the baseline that scores best on rows that are no test rows.
        chosen_on: those rows, as a phrase that follows the name.
        validation_scores: headline metric of each baseline on those rows.
        beside_best: the network and that baseline.
        trivial: name of the baseline that gives each row the same answer, the best one for the test
            rows.
        beside_trivial: the network and the trivial baseline.
    """

    best: str
    chosen_on: str
    validation_scores: Mapping[str, float]
    beside_best: PairedComparison
    trivial: str
    beside_trivial: PairedComparison

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "BaselineComparison":
        """Read what `dataclasses.asdict` gives."""
        pairs = {name: PairedComparison(**values[name])
                 for name in ("beside_best", "beside_trivial")}  # fmt: skip
        return cls(**{**values, **pairs})

    @property
    def relation(self) -> str:
        """The relation to the best baseline, with its name."""
        return f"{self.beside_best.relation} {self.best}"

    @property
    def is_good_enough(self) -> bool:
        """Whether the network does not lose to the best baseline, and is better than the trivial
        one."""
        return self.beside_best.relation != "loses to" and self.beside_trivial.is_better

    def describe_best(self, title: str) -> str:
        """Return a sentence about the best baseline, without a full stop.

        Args:
            title: of the metric.
        """
        pair = self.beside_best
        return (
            f"The network {pair.relation} {self.best}, the best simple baseline {self.chosen_on}: "
            f"{title} {pair.ours:.4f} against {pair.theirs:.4f} (difference "
            f"{pair.ours - pair.theirs:+.4f}, standard error {pair.standard_error:.4f}, two-sided "
            f"p = {pair.p_value:.3g}, {pair.test})"
        )

    def describe_trivial(self, title: str) -> str:
        """Return a sentence about the trivial baseline, without a full stop."""
        pair = self.beside_trivial
        return (
            f"The network is {'' if pair.is_better else 'not '}better than the trivial baseline, "
            f"{self.trivial}: {title} {pair.ours:.4f} against {pair.theirs:.4f} (one-sided "
            f"p = {pair.p_better:.3g}, {pair.test})"
        )
