"""The interfaces between the driver, its trial processes and its executor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from conveyor.config import FitConfig

Metrics = Mapping[str, float]


class Pruned(Exception):
    """The driver stopped the trial. `Channel.report` raises it inside the trial."""


class State(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class TrialId:
    """One attempt at a trial.

    Attributes:
        number: number of the trial in best.yaml and trials.csv: its place in the sequence of an
            uninterrupted study, from 0.
        attempt: 1, and one more each time that the trial's parameters are tried again, because it
            failed or because its driver or machine died.
    """

    number: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.number} (attempt {self.attempt})" if self.attempt > 1 else f"{self.number}"


@dataclass(frozen=True)
class TrialJob:
    """One fit: everything that its process needs. It is pickled to the process.

    Attributes:
        number: number of the trial; see `TrialId`.
        config: configuration with the trial's parameters. The first repeat of every trial has the
            same seed, so that configurations compare fairly.
        prepared: folder of the prepared data.
        scratch: folder that outlives the process, from which an interrupted fit resumes.
        fold: (index, count) of a cross-validation over training and validation rows; None keeps
            the prepared splits.
        threads: number of processor cores that the trial may use; None keeps TensorFlow's default.
        gpu: value of CUDA_VISIBLE_DEVICES; None keeps the environment's.
        metrics: validation metrics that objectives and constraints need, by their names in METRICS.
        latency: whether to measure `latency_ms`.
    """

    number: int
    config: FitConfig
    prepared: str
    scratch: str
    fold: tuple[int, int] | None = None
    threads: int | None = None
    gpu: str | None = None
    metrics: tuple[str, ...] = ()
    latency: bool = False


class Channel(Protocol):
    """A trial's connection to its driver."""

    def report(self, validation: int, metrics: Metrics) -> None:
        """Send the metrics of one validation, counted from 1, and wait for the driver's answer.

        Validation 0 carries what is known before training: `parameters` and `flops`.

        Raises:
            Pruned: the driver stops the trial.
        """

    def report_pace(self, seconds: float, updates: int) -> None:
        """Send the seconds of an update, once, after so many updates."""


@dataclass(frozen=True)
class TrialOutcome:
    """How one trial ended.

    Attributes:
        values: the objectives, in their order; empty for a failed trial.
        metrics: of the best validation for a complete trial, of the last one for a pruned trial.
            With repeats, their means and, as `…_std`, their standard deviations.
        reason: why it failed (a traceback, a signal, a time limit), or which constraint it
            violates.
    """

    state: State
    values: tuple[float, ...] = ()
    metrics: Metrics = field(default_factory=dict)
    reason: str = ""


TrialOutcomes = Mapping[TrialId, TrialOutcome]


Message = tuple[
    Literal["began", "timed", "validation", "done", "pruned", "failed", "lost"], Any, Any
]
ONGOING = ("began", "timed", "validation")  # messages of a trial that goes on


class Executor(Protocol):
    """Runs trials somewhere and passes their messages to the driver.

    The messages of a trial are:
        ("began", None, None): it runs now; an executor may have queued it until then.
        ("timed", seconds, updates): seconds of an update, after so many updates.
        ("validation", validation, metrics): it waits for an answer.
        ("done", metrics, seconds): it is completed; seconds that it waited for answers.
        ("pruned", None, seconds): it stopped because the driver said so.
        ("failed", reason, None): it failed.
        ("lost", reason, None): the machine or worker that it ran on went away.
    """

    prepared: Path  # folder of the prepared data

    def start(self, job: TrialJob) -> Any:
        """Start a trial, and return a handle by which the other methods name it."""

    def events(self, timeout: float) -> Sequence[tuple[Any, Message]]:
        """Return (handle, message) pairs, after waiting at most `timeout` seconds for the first."""
        ...

    def answer(self, handle: Any, *, proceed: bool) -> None:
        """Answer a "validation" message: proceed, or stop because the trial is pruned."""

    def stop(self, handle: Any) -> None:
        """End the trial if it still runs, and forget it."""

    def close(self) -> None:
        """End all trials."""
