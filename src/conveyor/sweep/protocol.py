"""What the driver, its trial processes and its observers say to each other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from conveyor.config import FitConfig

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
    """One fit: all that its process needs; it is pickled to it.

    Attributes:
        number: of the trial in its study.
        config: with the trial's parameters. The first repeat of every trial has the same seed, so
            that configurations compare on equal terms.
        prepared: folder of the prepared data.
        scratch: folder that outlives the process, for what it takes to go on after a kill.
        fold: (which, of how many), where validation rows are a fold of all; None for the split
            as it was prepared.
        threads: processor cores that it may use; None leaves TensorFlow's threads as they are.
        gpu: CUDA_VISIBLE_DEVICES; None leaves the environment as it is.
        latency: the metric `latency_ms` is wanted.
    """

    number: int
    config: FitConfig
    prepared: str
    scratch: str
    fold: tuple[int, int] | None = None
    threads: int | None = None
    gpu: str | None = None
    latency: bool = False


class Channel(Protocol):
    """A trial's line to its driver."""

    def report(self, epoch: int, metrics: Metrics) -> None:
        """Send one epoch's metrics, epochs counted from 1, and wait for the answer.

        Epoch 0 is what is known before training: `parameters`, `flops`.

        Raises:
            Pruned: the driver wants no more of this trial.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """How one trial ended.

    Attributes:
        metrics: of the best epoch for a complete trial, of the last one for a pruned trial.
            Means over the repeats, and `…_std`, where there are repeats.
        values: the objectives, in their order; none for a failed trial.
        reason: why it failed: a traceback, a signal, a time limit; or which constraint it broke.
    """

    state: State
    values: tuple[float, ...]
    metrics: Metrics
    reason: str = ""


class Observer(Protocol):
    """Hears everything that happens in a sweep, in order, in the driver's process."""

    def sweep_started(self, key: str, settings: Mapping[str, Any], *, resumed: bool) -> None:
        """`key` names this one study; `resumed` where it was begun before, by whomever."""
        ...

    def unheard(self) -> Collection[int]:
        """Trials of dead drivers, of whose end nobody has told it; some may never have ended."""
        ...

    def trial_started(self, number: int, params: Mapping[str, Any]) -> None: ...

    def trial_reported(self, number: int, repeat: int, epoch: int, metrics: Metrics) -> None: ...

    def repeat_finished(self, number: int, repeat: int, metrics: Metrics) -> None:
        """Told only where there are repeats, of each that ran to its end."""
        ...

    def trial_finished(self, number: int, outcome: Outcome) -> None:
        """Also told of trials that died with another driver."""
        ...

    def sweep_finished(
        self, best: Mapping[str, Any] | None, counts: Mapping[str, float], error: str | None
    ) -> None:
        """`best` is what best.yaml holds; None if the sweep failed, then with its `error`.

        `counts` are figures of the whole sweep, such as `trials_pruned` and `idle_share`.
        """
        ...


Message = tuple[Literal["began", "epoch", "done", "pruned", "failed", "lost"], Any, Any]


class Executor(Protocol):
    """Runs trials somewhere, and carries their words.

    Messages are ("began", None, None), only where trials may queue; ("epoch", epoch, metrics),
    which wants an answer; and one of ("done", metrics, seconds that it waited for answers),
    ("pruned", None, the same), ("failed", reason, None), and ("lost", reason, None) where not the
    trial but what it ran on went away.
    """

    queues: bool  # trials may wait before they begin, and tell when they do

    def start(self, job: TrialJob) -> Any:
        """Begin a trial. Returns its handle."""
        ...

    def events(self, timeout: float) -> Sequence[tuple[Any, Message]]:
        """Messages that came, after at most `timeout` seconds, with their handles."""
        ...

    def answer(self, handle: Any, *, go: bool) -> None: ...

    def stop(self, handle: Any) -> None:
        """End the trial if it still runs, and forget it."""
        ...

    def close(self) -> None:
        """End every trial."""
        ...
