"""The events of a sweep, of which the driver informs its observer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conveyor.sweep.protocol import Metrics, TrialId, TrialOutcome, TrialOutcomes


@dataclass(frozen=True)
class SweepStarted:
    """The driver has opened the study.

    Attributes:
        token: names this study, and no other study of the same configuration.
        settings: the section `sweep` as plain values.
        ended: outcomes of the trials that have ended in a study that is resumed. A driver that was
            killed may not have recorded the last of them.
    """

    token: str
    settings: Mapping[str, Any]
    ended: TrialOutcomes


@dataclass(frozen=True)
class TrialStarted:
    """A trial has started with these settings, by dotted key."""

    trial: TrialId
    params: Mapping[str, Any]


@dataclass(frozen=True)
class ValidationReported:
    """A repeat of a trial has sent the metrics of a validation."""

    trial: TrialId
    repeat: int
    validation: int
    metrics: Metrics


@dataclass(frozen=True)
class RepeatFinished:
    """A repeat was completed. Only if `sweep.repeats.count` is above 1."""

    trial: TrialId
    repeat: int
    metrics: Metrics


@dataclass(frozen=True)
class TrialFinished:
    """A trial has ended: one of this driver, or one that died with another driver."""

    trial: TrialId
    outcome: TrialOutcome


@dataclass(frozen=True)
class SweepFinished:
    """The study has reached its total.

    Attributes:
        best: content of best.yaml.
        ended: outcomes of all ended trials, those of other drivers included.
        idle_share: share of the slots' time in which no trial ran; see `WorkerSlots`.
    """

    best: Mapping[str, Any]
    ended: TrialOutcomes
    idle_share: float


@dataclass(frozen=True)
class SweepFailed:
    """The driver stops before the total, for the reason `error`."""

    error: str
    ended: TrialOutcomes


Event = (
    SweepStarted | TrialStarted | ValidationReported | RepeatFinished | TrialFinished
    | SweepFinished | SweepFailed
)  # fmt: skip


class Observer(Protocol):
    """Receives every event of a sweep, in order, in the driver's process."""

    def observe(self, event: Event) -> None:
        """Handle an event. The sweep goes on when this returns."""
