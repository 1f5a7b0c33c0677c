"""Runs commands of a clone, and kills them, or parts of them, at seeded instants."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from clone import Clone

PYTHON = ("python", "-m")
# `make` runs the first command of two before `dvc repro`.
REPRO = "python -m pipeline.recover && exec dvc repro"
COMMANDS: Mapping[str, Sequence[str]] = {
    "repro": ("sh", "-c", REPRO),
    "repro by force": ("sh", "-c", f"{REPRO} --force"),
    "prepare": ("sh", "-c", f"{REPRO} --force --single-item prepare"),
    "evaluate": ("sh", "-c", f"{REPRO} --force --single-item evaluate"),
    "register": ("sh", "-c", f"{REPRO} --force --single-item register"),
    "retrain": (*PYTHON, "pipeline.retrain"),
    "promote": (*PYTHON, "pipeline.promote", "1"),
    "promote by force": (*PYTHON, "pipeline.promote", "2", "--force", "--reason", "chaos"),
    "rollback": (*PYTHON, "pipeline.promote", "rollback"),
    "serve": (*PYTHON, "pipeline.serve", "--reload", "--port", "0", "--poll", "0.1"),
}
ENDED = "ended"  # a process that has just done so
VICTIMS = ("all", "all", "first", "dvc", "any")  # with their weights
# How a command may end by itself: it did its work, or had none, or another process was in the way.
GOOD_CODES = (0, 10, 11, 12)
IN_THE_WAY = ("already runs, as", "is busy, it is being blocked", "Unable to acquire lock",
              "another retraining is running")  # fmt: skip
# How a single stage, run by force, refuses its work where a kill of the stage before it has left no
# input: it names the command that makes the input.
INPUT_IS_GONE = "expected a file; got none. Run `dvc repro"


@dataclass(frozen=True)
class Kill:
    """What is killed, and when.

    Attributes:
        share: of the command's usual duration, after which it is killed.
        stays: whether survivors of the kill live on while the next command runs.
    """

    command: str
    victim: str
    share: float
    stays: bool

    @classmethod
    def draw(cls, random_numbers: random.Random, weights: Mapping[str, float]) -> "Kill":
        draw = random_numbers
        (command,) = draw.choices(list(weights), list(weights.values()))
        return cls(command, draw.choice(VICTIMS), draw.random(), draw.random() < 0.5)


@dataclass
class Result:
    """What a kill has done.

    Attributes:
        hit: the command lines of the killed processes; empty if the command had ended.
        problem: why the command should not have ended as it did; empty if all is well.
        restored: how often dvc.lock was half-written.
    """

    hit: list[str] = field(default_factory=list)
    code: int | None = None
    problem: str = ""
    restored: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Chaos:
    """Kills commands in one clone.

    Args:
        durations: of each command when nothing disturbs it, in seconds.
    """

    def __init__(self, clone: Clone, log: Path, durations: Mapping[str, float]) -> None:
        self.clone, self.log, self.durations = clone, log, durations
        self.survivors: list[psutil.Process] = []

    def kill(self, kill: Kill, draw: random.Random) -> Result:
        """Start a command, kill it or a part of it, and tell how it ended."""
        start = self.log.stat().st_size if self.log.exists() else 0
        before = [process for process in self.survivors if process.is_running()]
        with self.log.open("ab") as log:
            process = self.clone.start(*COMMANDS[kill.command], output=log)
        end = time.monotonic() + kill.share * self.durations[kill.command]
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        result = Result()
        if process.poll() is None:
            family = _family(process)
            chosen = _choose(family, kill.victim, draw)
            result.hit = [text for text in map(_describe, chosen) if text != ENDED]
            for victim in chosen:
                with suppress(psutil.NoSuchProcess):
                    victim.send_signal(signal.SIGKILL)
            self.survivors += [member for member in family if member not in chosen]
            if process.pid in [victim.pid for victim in chosen]:
                process.wait()
            elif not kill.stays:
                process.wait(600)
            if not kill.stays:
                self.end_survivors()
        output = self.log.read_bytes()[start:].decode(errors="replace")
        result.restored = output.count("dvc.lock was half-written")
        result.code = process.poll()
        if not result.hit and not before:
            result.problem = _find_problem(kill.command, result.code, output)
        return result

    def end_survivors(self) -> None:
        """Wait until nothing runs any more that an earlier command has started."""
        _, alive = psutil.wait_procs(self.survivors, timeout=600)
        for process in alive:
            process.kill()
        self.survivors = []


def _find_problem(command: str, code: int | None, output: str) -> str:
    """Why a command that ended by itself should not have ended so."""
    if "Traceback" in output:
        return f"has a traceback: {output[-1500:]}"
    if code in GOOD_CODES or any(text in output for text in IN_THE_WAY):
        return ""
    if code == 2 and "there is nothing to roll back to" in output:
        return ""
    if command in ("evaluate", "register") and INPUT_IS_GONE in output:
        return ""
    return f"ended with {code}: {output[-1500:]}"


def _family(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """A process and everything that it has started, also in other sessions."""
    top = psutil.Process(process.pid)
    return [top, *top.children(recursive=True)]


def _choose(family: list[psutil.Process], victim: str, draw: random.Random) -> list[psutil.Process]:
    if victim == "all":
        return family
    if victim == "dvc":
        dvc = [process for process in family if "dvc" in _describe(process)]
        return dvc[:1] or family[:1]
    return [draw.choice(family)] if victim == "any" else family[:1]


def _describe(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        arguments = [text.removeprefix(sys.prefix) for text in process.cmdline()]
        return " ".join(arguments)[:200]
    return ENDED
