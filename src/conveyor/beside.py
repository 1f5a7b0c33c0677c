"""Work in a process beside this one, which loads for seconds what this one does not need.

Two cores then load two libraries at once, and neither is slowed by the other's threads.
"""

import importlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from conveyor.imports import collect_rarely

Tell = Callable[[Any], None]


class Beside:
    """Calls a function `work(tell, *arguments)` in a fresh process; its log goes on in this one's.

    The function's module is loaded at once, and waits for `begin`. What `work` tells comes out of
    the iterator, in order, which ends when `work` does. Leaving the block before that ends the
    process. It dies with this one.

    Args:
        work: "module:function".

    Raises:
        Exception: while iterating, what `work` raised, with its traceback as a note.
        RuntimeError: the process died.
    """

    def __init__(self, work: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._told, tell = context.Pipe(duplex=False)
        # After the arguments nothing is sent here: it breaks when this process dies.
        heard, self._give = context.Pipe(duplex=False)
        self._process = context.Process(target=_main, args=(work, tell, heard))
        with no_main():
            self._process.start()
        tell.close()
        heard.close()

    def __enter__(self) -> "Beside":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._told.close()
        self._give.close()

    def begin(self, *arguments: Any) -> None:
        """Give the function what it waits for; to be called once."""
        with suppress(OSError):  # it has died: the iterator says how
            self._give.send(arguments)

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                kind, value = self._told.recv()
            except EOFError:
                self._process.join()
                raise RuntimeError(death("the process", self._process.exitcode)) from None
            if kind == "log":
                logger = logging.getLogger(value.name)
                if logger.isEnabledFor(value.levelno):
                    logger.handle(value)
            elif kind == "told":
                yield value
            elif kind == "raised":
                raise value
            else:
                self._process.join()
                return

    def wait(self) -> None:
        """Until the function has ended, whatever it tells. Raises as iterating does."""
        for _ in self:
            pass


class _ToPipe(QueueHandler):
    """Makes records fit to travel, as its base does, and sends them."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(SimpleQueue())
        self._pipe = pipe

    def enqueue(self, record: logging.LogRecord) -> None:
        self._pipe.send(("log", record))


def _main(work: str, tell: Connection, heard: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which decides
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[_ToPipe(tell)])
    collect_rarely()
    try:
        module, _, name = work.partition(":")
        function = getattr(importlib.import_module(module), name)
        try:
            arguments = heard.recv()
        except EOFError:
            return  # this process was never needed
        threading.Thread(target=die_with, args=(heard,), daemon=True).start()
        function(lambda told: tell.send(("told", told)), *arguments)
        tell.send(("ended", None))
    except Exception as error:
        trace = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # some libraries' cannot travel
            error = RuntimeError(f"{type(error).__name__}: {error}")
        error.add_note(f"in the process beside:\n{trace}")
        tell.send(("raised", error))


@contextmanager
def no_main() -> Iterator[None]:
    """Hide this process's script while one starts.

    multiprocessing would import it again in every process, MLflow and all, which costs seconds.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def die_with(other: Connection) -> None:
    """End this process when the one that holds the other end of a pipe is gone."""
    try:
        other.recv()
    except (EOFError, OSError):
        os._exit(1)


def death(who: str, code: int | None) -> str:
    """How a process died that said no last word; None where it still runs."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"{who} was killed by {name}{hint}"
    if code is None:
        return f"{who} closed its line to the driver, and hung"
    return f"{who} ended with exit code {code} and no word"
