"""Functions that tests run in a process beside them."""

import logging
import os
import signal
import time
from typing import Any

from conveyor.beside import Tell
from conveyor.errors import InputError


class Stubborn(Exception):
    """Cannot be made again from its pickle."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right}")


def count(tell: Tell, to: int) -> None:
    log = logging.getLogger("conveyor.counting")
    for number in range(to):
        log.info("at %d", number)
        log.debug("nobody asked for this")
        tell(number)


def fail(tell: Tell, kind: str) -> None:
    tell("begun")
    raise {"input": InputError("no such column"), "stubborn": Stubborn("this", "that")}[kind]


def die(tell: Tell) -> None:
    tell(os.getpid())
    os.kill(os.getpid(), signal.SIGKILL)


def linger(tell: Tell, *_: Any) -> None:
    tell(os.getpid())
    time.sleep(600)
