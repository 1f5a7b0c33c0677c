"""What one retraining does, step by step."""

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from conveyor import files
from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.gates.report import VERDICT_FILE
from conveyor.paths import Paths

log = logging.getLogger(__name__)

PROMOTED, NOTHING, REFUSED = 0, 10, 11


class RetrainError(RuntimeError):
    """A command of the job failed; its own output tells why."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: exit code, what happened in words, the registry's verdict if any."""

    code: int
    words: str
    verdict: dict[str, Any] | None

    def summary(self) -> str:
        """For a person: one line, and a line for each gate."""
        gates = [f"  {g['gate']}: {g['reason']}" for g in (self.verdict or {}).get("gates", [])]
        return "\n".join([self.words, *gates])


class Job:
    """One retraining of the project folder `paths`."""

    def __init__(self, config: Config, paths: Paths) -> None:
        self.config, self.paths = config, paths

    def run(self) -> Outcome:
        """Refresh, reproduce, and say what came of it.

        Raises:
            InputError: a stage refused its input.
            RetrainError: a command failed.
        """
        if self.config.retrain.refresh == "dvc":
            for imported in sorted(self.paths.raw.rglob("*.dvc")):
                run_dvc(self.paths, "update", str(imported.relative_to(self.paths.root)))
        before, known = self._locked(), self._verdict()
        run_dvc(self.paths, "repro")
        verdict = self._verdict()
        if verdict is None or verdict == known:
            words = "the belt ran, and made a model that is registered already"
            if self._locked() == before:
                words = "nothing to do: data, code and configuration are as they were"
                verdict = None
            return Outcome(NOTHING, words, verdict)
        if verdict["promote"]:
            return Outcome(PROMOTED, f"version {verdict['version']} is the new champion", verdict)
        words = f"version {verdict['version']} is trained, but not promoted"
        return Outcome(REFUSED, words, verdict)

    def _locked(self) -> Any:
        """What dvc.lock knows of all stages; it changes when a stage runs on something new."""
        path = self.paths.root / "dvc.lock"
        return yaml.safe_load(path.read_text()) if path.is_file() else None

    def _verdict(self) -> dict[str, Any] | None:
        path = self.paths.promotion / VERDICT_FILE
        return files.read_json(path) if path.is_file() else None


def run_stage(name: str, paths: Paths) -> None:
    """`dvc repro` up to one stage."""
    run_dvc(paths, "repro", "--single-item", name)


def run_dvc(paths: Paths, *arguments: str) -> None:
    """Run a DVC command on the project, its output going where ours goes.

    Raises:
        InputError: a stage refused its input, as its message says.
        RetrainError: any other failure.
    """
    log.info("dvc %s", " ".join(arguments))
    command = [sys.executable, "-m", "dvc", *arguments]
    refused = False
    # A session of its own, so that a stopped job takes DVC and the running stage with it.
    with subprocess.Popen(
        command, cwd=paths.root, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stderr is not None
        try:
            for line in running.stderr:
                sys.stderr.write(line)
                # DVC exits with 255 whatever its stage exited with; only its message tells.
                refused |= "exited with 2" in line
        except BaseException:
            os.killpg(running.pid, signal.SIGTERM)
            raise
    if running.returncode == 0:
        return
    what = f"`dvc {' '.join(arguments)}` failed; its output above says why"
    raise (InputError if refused else RetrainError)(f"{what}. The champion serves as before.")
