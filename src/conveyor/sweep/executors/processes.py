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
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from types import ModuleType
from typing import Any

from conveyor.sweep.protocol import Message, Metrics, Pruned, TrialJob

GRACE = 5.0  # seconds between a trial's last word and its end


class LocalExecutor:
    """Trials as processes of this machine.

    Args:
        function: "module:function" that runs one trial; see `TrialJob`, `Channel`.
    """

    queues = False

    def __init__(self, function: str) -> None:
        self._function = function
        self._context = forkserver(function)
        ensure_running()
        self._running: dict[Any, TrialProcess] = {}

    def start(self, job: TrialJob) -> "TrialProcess":
        process = TrialProcess(self._context, self._function, job)
        self._running[process.connection] = process
        return process

    def events(self, timeout: float) -> list[tuple["TrialProcess", Message]]:
        if not self._running:
            time.sleep(timeout)
        ready = [self._running[c] for c in wait(list(self._running), timeout=timeout)]
        return [(process, process.receive()) for process in ready]

    def answer(self, handle: "TrialProcess", *, go: bool) -> None:
        handle.answer(go)

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
        self.job = job
        self.connection, theirs = context.Pipe()
        # Nothing is ever sent here: it breaks when the driver dies, and the trial with it.
        self._alive, their_alive = context.Pipe()
        self._process = context.Process(
            target=_main, args=(function, job, theirs, their_alive), name=f"trial-{job.number}"
        )
        with _without_main():
            self._process.start()
        theirs.close()
        their_alive.close()

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


@contextmanager
def _without_main() -> Iterator[None]:
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


def _death(code: int | None) -> str:
    """Describe the end of a trial process that sent no result; `code` is None if it still runs."""
    if code is None:
        return "the trial process closed its pipe to the driver, and hung"
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"the trial process was killed by {name}{hint}"
    return f"the trial process ended with exit code {code} and no result"


def forkserver(function: str) -> Any:
    """Return a multiprocessing context whose server has loaded what a trial runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.partition(":")[0], __name__])
    return context


class _Channel:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.waited = 0.0  # seconds

    def report(self, epoch: int, metrics: Metrics) -> None:
        asked = time.monotonic()
        self._connection.send(("epoch", epoch, _plain(metrics)))
        go = self._connection.recv()
        self.waited += time.monotonic() - asked
        if not go:
            raise Pruned


def _main(function: str, job: TrialJob, connection: Connection, alive: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver, which decides
    threading.Thread(target=_exit_with_driver, args=(alive,), daemon=True).start()
    if job.gpu is not None:  # read when TensorFlow first looks for devices, which it hasn't yet
        os.environ["CUDA_VISIBLE_DEVICES"] = job.gpu
    channel = _Channel(connection)
    try:
        module, _, name = function.partition(":")
        metrics = getattr(importlib.import_module(module), name)(job, channel)
        connection.send(("done", _plain(metrics), channel.waited))
    except Pruned:
        connection.send(("pruned", None, channel.waited))
    except Exception:
        connection.send(("failed", traceback.format_exc(), None))


def _exit_with_driver(alive: Connection) -> None:
    """Exit when the driver, which holds the other end of the pipe, is gone."""
    try:
        alive.recv()
    except (EOFError, OSError):
        os._exit(1)


def _plain(metrics: Metrics) -> dict[str, float]:
    """Numbers that the study and YAML can hold; NumPy's they cannot."""
    return {name: float(value) for name, value in metrics.items()}
