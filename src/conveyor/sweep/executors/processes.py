"""Runs each trial in a process of its own, so that a crash fails that trial only.

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
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from types import ModuleType
from typing import Any

from conveyor.sweep.protocol import Message, Metrics, Pruned, TrialJob

EXIT_SECONDS = 5.0  # for a trial process to exit after its last message


class LocalExecutor:
    """Runs each trial in a process of this machine.

    Args:
        function: "module:function" that runs one trial; see `TrialJob`, `Channel`.
    """

    def __init__(self, function: str, prepared: Path) -> None:
        self._function, self.prepared = function, prepared
        self._context = make_context(function)
        ensure_running()
        self._running: dict[Any, TrialProcess] = {}

    def start(self, job: TrialJob) -> "TrialProcess":
        process = TrialProcess(self._context, self._function, job)
        self._running[process.connection] = process
        return process

    def events(self, timeout: float) -> list[tuple["TrialProcess", Message]]:
        ready = [self._running[c] for c in wait(list(self._running), timeout=timeout)]
        return [(process, process.receive()) for process in ready]

    def answer(self, handle: "TrialProcess", *, proceed: bool) -> None:
        handle.answer(proceed)

    def stop(self, handle: "TrialProcess") -> None:
        self._running.pop(handle.connection, None)
        handle.close()

    def close(self) -> None:
        for process in list(self._running.values()):
            self.stop(process)


class TrialProcess:
    """A running trial as the driver sees it.

    Attributes:
        connection: messages of the trial; readable when there is one, or when it has died.
    """

    def __init__(self, context: Any, function: str, job: TrialJob) -> None:
        self.connection, trial_connection = context.Pipe()
        # Nothing is sent here. The pipe breaks when the driver dies, and the trial exits then.
        self._alive, trial_alive = context.Pipe()
        self._process = context.Process(
            target=_main,
            args=(function, job, trial_connection, trial_alive),
            name=f"trial-{job.number}",
        )
        with _hide_main():
            self._process.start()
        trial_connection.close()
        trial_alive.close()

    def receive(self) -> Message:
        """Return the next message; a trial that died without a last message has failed."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join(EXIT_SECONDS)
            return "failed", _describe_exit(self._process.exitcode), None

    def answer(self, proceed: bool) -> None:
        """Answer a reported validation: proceed, or stop."""
        with suppress(OSError):  # the trial has died; `receive` returns how
            self.connection.send(proceed)

    def close(self) -> None:
        """End the process if it still runs, and free what it held."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.connection.close()
        self._alive.close()


@contextmanager
def _hide_main() -> Iterator[None]:
    """Hide this process's script while a trial starts.

    multiprocessing imports the script in every process that it starts, MLflow and Optuna with it,
    which takes seconds a trial.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _describe_exit(code: int | None) -> str:
    """Describe the end of a trial process that sent no result; `code` is None if it still runs."""
    if code is None:
        return "the trial process closed its pipe to the driver, and hung"
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"the trial process was killed by {name}{hint}"
    return f"the trial process ended with exit code {code} and no result"


def make_context(function: str) -> Any:
    """Return a multiprocessing context whose server has loaded what a trial runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.partition(":")[0], __name__])
    return context


class _Channel:
    """The trial's end of the pipe; see `protocol.Channel`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.waited_seconds = 0.0

    def report(self, validation: int, metrics: Metrics) -> None:
        sent = time.monotonic()
        self._connection.send(("validation", validation, _to_floats(metrics)))
        proceed = self._connection.recv()
        self.waited_seconds += time.monotonic() - sent
        if not proceed:
            raise Pruned

    def report_pace(self, seconds: float, updates: int) -> None:
        self._connection.send(("timed", seconds, updates))


def _main(function: str, job: TrialJob, connection: Connection, alive: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles Ctrl-C
    threading.Thread(target=_exit_with_driver, args=(alive,), daemon=True).start()
    if job.gpu is not None:  # TensorFlow reads it when it first lists devices
        os.environ["CUDA_VISIBLE_DEVICES"] = job.gpu
    channel = _Channel(connection)
    connection.send(("began", None, None))
    try:
        module, _, name = function.partition(":")
        metrics = getattr(importlib.import_module(module), name)(job, channel)
        connection.send(("done", _to_floats(metrics), channel.waited_seconds))
    except Pruned:
        connection.send(("pruned", None, channel.waited_seconds))
    except Exception:
        connection.send(("failed", traceback.format_exc(), None))


def _exit_with_driver(alive: Connection) -> None:
    """Exit when the driver, which holds the other end of the pipe, is gone."""
    with suppress(EOFError, OSError):
        alive.recv()
    os._exit(1)


def _to_floats(metrics: Metrics) -> dict[str, float]:
    """Convert NumPy's numbers, which the study and YAML cannot hold."""
    return {name: float(value) for name, value in metrics.items()}
