"""Two models on the same rows: how far apart they are, and the words for it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

LEVEL = 0.05  # of a test
SAMPLES = 2000  # of the bootstrap behind a standard error
# A standard error from so many samples is itself uncertain by 1 / sqrt(2 x samples) of its value.
# Within three times that, the draw of the samples would decide which of two numbers is larger.
NOISE = 3 / (2 * SAMPLES) ** 0.5

Relation = Literal["beats", "is not distinguishable from", "loses to"]


class PValues(NamedTuple):
    """The one-sided p values of a paired test: that our model is better, and that it is worse."""

    better: float
    worse: float

    @property
    def two_sided(self) -> float:
        return min(1.0, 2 * min(self))


@dataclass(frozen=True)
class PairedComparison:
    """Our model and another one by one metric, on the same rows.

    Attributes:
        metric: name of the metric.
        ours: of our model.
        theirs: of the other model.
        gain: by how much ours is better, in the metric's unit.
        standard_error: of the gain.
        p_value: two-sided, of the paired test.
        p_better: one-sided: that ours is better.
        test: name of the paired test.
    """

    metric: str
    ours: float
    theirs: float
    gain: float
    standard_error: float
    p_value: float
    p_better: float
    test: str

    @property
    def relation(self) -> Relation:
        """Ours loses where the test finds it worse, or where it is worse by more than one standard
        error; it beats the other where the test finds it better."""
        is_significant = self.p_value < LEVEL
        if self.gain > 0 and is_significant:
            return "beats"
        if self.gain < 0 and (is_significant or -self.gain > (1 + NOISE) * self.standard_error):
            return "loses to"
        return "is not distinguishable from"

    @property
    def is_better(self) -> bool:
        """Whether the one-sided test finds ours better."""
        return self.p_better < LEVEL
