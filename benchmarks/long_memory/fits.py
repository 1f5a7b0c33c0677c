"""The fits of `run.py`, and what they give."""

from dataclasses import asdict, dataclass, field
from typing import Any

# The changes of the experiment that make each cell.
CELLS = {
    "SimpleRNN": ["model.cell=simple"],
    "GRU": ["model.cell=gru"],
    "LSTM, forget bias 0": ["model.cell=lstm", "model.unit_forget_bias=false"],
    "LSTM, forget bias 1": ["model.cell=lstm", "model.unit_forget_bias=true"],
}
LEARNED = 0.1  # share of the constant predictor's error under which a problem counts as learned
STOP_AT = LEARNED / 2  # share on the validation rows at which a fit has no more to learn


@dataclass(frozen=True)
class Fit:
    """What one fit is."""

    problem: str
    cell: str
    steps: int
    rate: float
    seed: int


@dataclass
class Outcome:
    """What one fit gave, rounded, so that a run that goes on decides as one that was not stopped.

    Errors are mean squared errors as shares of those of the best constant answer, which is the mean
    of the answers. A gradient is that of the network's output by the input of the step that lies
    `lags` before the last: its norm over the channels, as a mean over rows.

    Attributes:
        validation: lowest error of the validation rows, at which the weights are taken.
        test: error of the test rows with these weights.
        updates: that were run; fewer than allowed if the problem was learned before.
        seconds: of CPU time, which a busy machine changes less than the time gone.
    """

    fit: Fit
    validation: float
    test: float
    updates: int
    seconds: float
    lags: list[int] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Outcome":
        return cls(**{**values, "fit": Fit(**values["fit"])})
