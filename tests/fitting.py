"""Fits in processes of their own, which a test can kill.

As a script it loads TensorFlow once, and answers each request with a process that it forks, as the
trials of a sweep are started: `python fitting.py` reads a request a line, and prints an answer.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from conveyor.section import Section


class Fitter:
    """Sends requests to the script."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def fit(
        self, config: Section, prepared: Path, *, scratch: Path | None = None, kill_after: int = 0,
        model: Path | None = None,
    ) -> dict[str, Any] | None:  # fmt: skip
        """Fit in a new process.

        Args:
            config: a FitConfig, or a TrainConfig to fit as the stage `train` does.
            kill_after: the validation after which the process is killed; 0: none.
            model: folder to which the model is written.

        Returns:
            A hash of the weights, and the history; None if the process was killed.
        """
        request = {
            "config": yaml.safe_dump(config.model_dump(mode="json")), "prepared": str(prepared),
            "scratch": scratch and str(scratch), "kill_after": kill_after,
            "model": model and str(model),
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert answer["code"] == (-signal.SIGKILL if kill_after else 0)
        return answer["result"]


@contextmanager
def fitter() -> Iterator[Fitter]:
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:  # fmt: skip
        yield Fitter(process)
        assert process.stdin is not None
        process.stdin.close()


def run(
    config: str, prepared: str, scratch: str | None, kill_after: int, model: str | None
) -> dict[str, Any]:
    """Fit, and describe the result; in the forked process."""
    from conveyor.config import FitConfig, TrainConfig, validate
    from conveyor.data.store import Prepared
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model
    from conveyor.training.threads import set_threads

    def kill(number: int, row: dict[str, float]) -> None:
        if number == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    store, values = Prepared(Path(prepared)), yaml.safe_load(config)
    of_stage = "serving" in values  # and not of a trial, which gets fewer threads
    kind = TrainConfig if of_stage else FitConfig
    settings: Any = validate(kind, values, origin=lambda key: "the request")
    if of_stage:
        set_threads(settings, os.cpu_count() or 1)
    network, history = fit(settings, store, on_validation=kill, progress=False,
                           scratch=Path(scratch) if scratch else None)  # fmt: skip
    if model is not None:
        write_model(network, history, settings, store, Path(model))
    weights = b"".join(weight.tobytes() for weight in network.get_weights())
    return {"weights": hashlib.sha256(weights).hexdigest(), "rows": history.validations,
            "best": history.best_validation}  # fmt: skip


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run a request in a forked process: its exit code, and its result if it has one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(writing, "w") as file:
                json.dump(run(**request), file)
            os._exit(0)
        finally:  # after an error, which the process prints
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "result": json.loads(text) if text else None}


if __name__ == "__main__":
    import conveyor.training.model_folder  # noqa: F401  TensorFlow with it, before the first fork

    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
