"""What the driver, its trial processes and its observers say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Metrics = Mapping[str, float]


class Pruned(Exception):
    """The driver told a trial to stop; raised inside the trial by `Channel.report`."""


class State(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class TrialJob:
    """All that a trial process needs; it is pickled to it.

    Attributes:
        number: of the trial in its study.
        config: plain values of name, seed, model and train, the trial's parameters laid over. The
            seed is the same for all trials, so that configurations compare on equal terms.
        prepared: folder of the prepared data.
        threads: processor threads that it may use; None leaves the choice to TensorFlow.
    """

    number: int
    config: dict[str, Any]
    prepared: str
    threads: int | None


class Channel(Protocol):
    """A trial's line to its driver."""

    def report(self, epoch: int, metrics: Metrics) -> None:
        """Send one epoch's metrics, epochs counted from 1, and wait for the answer.

        Raises:
            Pruned: the driver wants no more of this trial.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """How one trial ended.

    Attributes:
        metrics: of the best epoch for a complete trial, of the last one for a pruned trial.
        value: the objective; None for a failed trial.
        reason: why it failed: a traceback, a signal, a time limit. Empty otherwise.
    """

    state: State
    value: float | None
    metrics: Metrics
    reason: str


class Observer(Protocol):
    """Hears everything that happens in a sweep, in order, in the driver's process."""

    def sweep_started(self, key: str, settings: Mapping[str, Any], *, resumed: bool) -> None:
        """`key` is the same for the same configuration and data; `resumed` after a crash."""
        ...

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None: ...

    def trial_reported(self, number: int, epoch: int, metrics: Metrics) -> None: ...

    def trial_finished(self, number: int, outcome: Outcome) -> None:
        """Also told, on a resume, of trials that died with the last driver."""
        ...

    def sweep_finished(self, best: Mapping[str, Any] | None, error: str | None) -> None:
        """`best` is what best.yaml holds; None if the sweep failed, then with its `error`."""
        ...
