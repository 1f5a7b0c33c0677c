"""The interfaces between the driver, its trial processes, its executor and its observer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
class TrialJob:
    """One fit: everything that its process needs. It is pickled to the process.

    Attributes:
        number: number of the trial in its study.
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

    def report(self, epoch: int, metrics: Metrics) -> None:
        """Send the metrics of one epoch, counted from 1, and wait for the driver's answer.

        Epoch 0 carries what is known before training: `parameters` and `flops`.

        Raises:
            Pruned: the driver stops the trial.
        """


@dataclass(frozen=True)
class Outcome:
    """How one trial ended.

    Attributes:
        values: the objectives, in their order; empty for a failed trial.
        metrics: of the best epoch for a complete trial, of the last epoch for a pruned trial. With
            repeats, their means and, as `…_std`, their standard deviations.
        reason: why it failed (a traceback, a signal, a time limit), or which constraint it
            violates.
    """

    state: State
    values: tuple[float, ...]
    metrics: Metrics
    reason: str = ""


class Observer(Protocol):
    """Receives every event of a sweep, in order, in the driver's process."""

    def sweep_started(
        self, key: str, settings: Mapping[str, Any], ended: Mapping[int, Outcome]
    ) -> None:
        """The driver has opened the study.

        Args:
            key: names this study, and no other study of the same configuration.
            settings: the section `sweep` as plain values.
            ended: outcomes by number of the trials that have ended in a study that is resumed.
                A driver that was killed may not have reported the last of them.
        """

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None:
        """A trial has started with these settings, by dotted key."""

    def trial_reported(self, number: int, repeat: int, epoch: int, metrics: Metrics) -> None:
        """A repeat of a trial has sent the metrics of an epoch."""

    def repeat_finished(self, number: int, repeat: int, metrics: Metrics) -> None:
        """A repeat was completed. Called only if `sweep.repeats.count` is above 1."""

    def trial_finished(self, number: int, outcome: Outcome) -> None:
        """A trial has ended: one of this driver, or one that died with another driver."""

    def sweep_finished(
        self, best: Mapping[str, Any], ended: Mapping[int, Outcome], idle_share: float
    ) -> None:
        """The study has reached its total.

        Args:
            best: content of best.yaml.
            ended: outcomes by number of all ended trials, those of other drivers included.
            idle_share: share of the slots' time in which no trial ran; see `WorkerSlots`.
        """

    def sweep_failed(self, error: str, ended: Mapping[int, Outcome]) -> None:
        """The driver stops before the total, for the reason `error`."""


Message = tuple[Literal["began", "epoch", "done", "pruned", "failed", "lost"], Any, Any]


class Executor(Protocol):
    """Runs trials somewhere and passes their messages to the driver.

    The messages of a trial are:
        ("began", None, None): it runs now; only from executors that queue trials.
        ("epoch", epoch, metrics): it waits for an answer.
        ("done", metrics, seconds): it is completed; seconds that it waited for answers.
        ("pruned", None, seconds): it stopped because the driver said so.
        ("failed", reason, None): it failed.
        ("lost", reason, None): the machine or worker that it ran on went away.
    """

    queues: bool  # whether trials may wait before they run, and send "began" when they do

    def start(self, job: TrialJob) -> Any:
        """Start a trial, and return a handle by which the other methods name it."""

    def events(self, timeout: float) -> Sequence[tuple[Any, Message]]:
        """Return (handle, message) pairs, after waiting at most `timeout` seconds for the first."""
        ...

    def answer(self, handle: Any, *, proceed: bool) -> None:
        """Answer an "epoch" message: proceed, or stop because the trial is pruned."""

    def stop(self, handle: Any) -> None:
        """End the trial if it still runs, and forget it."""

    def close(self) -> None:
        """End all trials."""
