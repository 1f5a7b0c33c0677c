"""One trial, one process: what it costs when it dies is itself.

Processes come from multiprocessing's forkserver, which has imported the trial's module (and
TensorFlow with it) once: a trial starts in hundredths of a second, and memory that a trial leaks
goes with it.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Literal

from conveyor.sweep.protocol import Metrics, Pruned, TrialJob

GRACE = 5.0  # seconds between a trial's last word and its end
Message = tuple[Literal["epoch", "done", "pruned", "failed"], Any, Any]


class TrialProcess:
    """A running trial as the driver sees it.

    Attributes:
        connection: messages of the trial; readable when there is one, or when it has died.
        started: on the monotonic clock, seconds.
    """

    def __init__(self, context: Any, function: str, job: TrialJob) -> None:
        self.job = job
        self.connection, theirs = context.Pipe()
        # Nothing is ever sent here: it breaks when the driver dies, and the trial with it.
        self._alive, their_alive = context.Pipe()
        self._process = context.Process(
            target=_main, args=(function, job, theirs, their_alive), name=f"trial-{job.number}"
        )
        with _no_main():
            self._process.start()
        theirs.close()
        their_alive.close()
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    def receive(self) -> Message:
        """The next message; a trial that died without a last word counts as failed."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join(GRACE)
            return "failed", _death(self._process.exitcode), None

    def answer(self, go: bool) -> None:
        """Tell a trial that reported an epoch whether to go on."""
        try:
            self.connection.send(go)
        except OSError:
            return  # it died since; `receive` will say how

    def close(self) -> None:
        """End the process if it still runs, and reap it."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.connection.close()
        self._alive.close()


def forkserver(function: str) -> Any:
    """A multiprocessing context whose server has the trial's module loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.partition(":")[0]])
    return context


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the driver's script while a process starts.

    multiprocessing would import it again in every trial, MLflow and all, which costs seconds.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


class _Channel:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def report(self, epoch: int, metrics: Metrics) -> None:
        self._connection.send(("epoch", epoch, _plain(metrics)))
        if not self._connection.recv():
            raise Pruned


def _main(function: str, job: TrialJob, connection: Connection, alive: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver, which decides
    threading.Thread(target=_die_with_driver, args=(alive,), daemon=True).start()
    try:
        module, _, name = function.partition(":")
        metrics = getattr(importlib.import_module(module), name)(job, _Channel(connection))
        connection.send(("done", _plain(metrics), None))
    except Pruned:
        connection.send(("pruned", None, None))
    except Exception:
        connection.send(("failed", traceback.format_exc(), None))


def _plain(metrics: Metrics) -> dict[str, float]:
    """Numbers that the study and YAML can hold; NumPy's they cannot."""
    return {name: float(value) for name, value in metrics.items()}


def _die_with_driver(alive: Connection) -> None:
    try:
        alive.recv()
    except (EOFError, OSError):
        os._exit(1)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"the trial process was killed by {name}{hint}"
    if code is None:
        return "the trial process closed its line to the driver, and hung"
    return f"the trial process ended with exit code {code} and no word"
