"""What one retraining does, step by step."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from conveyor import files
from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.retraining.publish import commit

if TYPE_CHECKING:
    from conveyor.retraining.review import Review

log = logging.getLogger(__name__)

PROMOTED, FAILED, BAD_INPUT, NOTHING, REFUSED = 0, 1, 2, 10, 11
COMPOSE, SWEEP = "compose", "sweep"
WITHOUT_SWEEP = (COMPOSE, "prepare", "train", "evaluate", "register")


class RetrainError(RuntimeError):
    """A command of the job failed; its own output tells why."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: exit code, what happened in words, the registry's verdict if any.

    `review` says why it trained, or did not; None where nothing had changed, or where it failed
    before it had looked.
    """

    code: int
    words: str
    verdict: dict[str, Any] | None
    review: "Review | None" = None

    @property
    def failed(self) -> bool:
        return self.code in (FAILED, BAD_INPUT)

    def summary(self) -> str:
        """For a person: one line, one why, and a line for each gate."""
        gates = [f"  {g['gate']}: {g['reason']}" for g in (self.verdict or {}).get("gates", [])]
        why = [f"  why: {self.review.decision.words}"] if self.review else []
        return "\n".join([self.words, *why, *gates])

    def as_json(self) -> dict[str, Any]:
        """The report, as the hooks get it too."""
        seen = self.review.as_json() if self.review else {}
        return {"code": self.code, "outcome": self.words, "verdict": self.verdict, **seen}


class Watcher(Protocol):
    """Looks at the champion and at the data; see `conveyor.retraining.monitor`."""

    def remember(self) -> None: ...
    def judge(self) -> "Review": ...


class Job:
    """One retraining of the project folder `paths`; without a watcher it always trains.

    `review` is what was found of the data, as soon as it is. `stale` is which stages would run,
    where that is known already.
    """

    def __init__(
        self,
        config: Config,
        paths: Paths,
        watcher: Watcher | None = None,
        stale: set[str] | None = None,
    ) -> None:
        self.config, self.paths, self.watcher, self.stale = config, paths, watcher, stale
        self.review: Review | None = None

    def run(self) -> Outcome:
        """Refresh, look, reproduce if there is a reason, and say what came of it.

        Raises:
            InputError: a stage refused its input, or git what it was to commit.
            RetrainError: a command failed.
        """
        self._refresh()
        if not self._stale():
            words = "nothing to do: data, code and configuration are as they were"
            return Outcome(NOTHING, words, None)
        self.review = self._review()
        if self.review is not None and not self.review.decision.train:
            return Outcome(NOTHING, "not trained: no trigger fired", None, self.review)
        known = self._verdict()
        self._train()
        outcome = self._told(known)
        if self.watcher is not None:
            self.watcher.remember()
        self._keep(outcome)
        return outcome

    def _refresh(self) -> None:
        if self.config.retrain.refresh != "dvc":
            return
        imports = sorted(self.paths.raw.rglob("*.dvc"))
        if self.config.retrain.push and imports:
            # `dvc push` knows the workspace's version only: after the update it would be too late.
            run_dvc(self.paths, "push")
        for imported in imports:
            run_dvc(self.paths, "update", str(imported.relative_to(self.paths.root)))
            self.stale = None

    def _stale(self) -> bool:
        """Whether any stage would run, which `dvc repro` too would find out."""
        stale = ask_stale(self.paths)() if self.stale is None else self.stale
        return bool(stale - ({SWEEP} if self._skips_sweep else set()))

    @property
    def _skips_sweep(self) -> bool:
        return self.config.retrain.sweep == "skip" and self.paths.sweep.is_dir()

    def _review(self) -> "Review | None":
        if self.watcher is None:
            return None
        self.watcher.remember()
        run_dvc(self.paths, "repro", "prepare")
        self.watcher.remember()
        return self.watcher.judge()

    def _train(self) -> None:
        if self._skips_sweep:
            log.info("retrain.sweep is skip: the parameters of the last search are taken")
            run_dvc(self.paths, "repro", "--single-item", *WITHOUT_SWEEP)
        else:
            run_dvc(self.paths, "repro")

    def _told(self, known: dict[str, Any] | None) -> Outcome:
        verdict, review = self._verdict(), self.review
        if verdict is None or verdict == known:
            words = "the belt ran, and made a model that is registered already"
            return Outcome(NOTHING, words, verdict, review)
        if verdict["promote"]:
            words = f"version {verdict['version']} is the new champion"
            return Outcome(PROMOTED, words, verdict, review)
        words = f"version {verdict['version']} is trained, but not promoted"
        return Outcome(REFUSED, words, verdict, review)

    def _keep(self, outcome: Outcome) -> None:
        if self.config.retrain.commit:
            log.info("%s", commit(self.paths, outcome.words))
        if self.config.retrain.push:
            run_dvc(self.paths, "push")

    def _verdict(self) -> dict[str, Any] | None:
        path = self.paths.verdict
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


def composed(stale: set[str], paths: Paths) -> set[str]:
    """Bring the configuration up to date. Returns the stages that would run after that."""
    if COMPOSE not in stale:
        return stale
    run_stage(COMPOSE, paths)
    return ask_stale(paths)()


def ask_stale(paths: Paths) -> Callable[[], set[str]]:
    """Let DVC look, in a process beside this one, which stages would run.

    Returns:
        Waits for the answer; imports whose digest is out of date count as a stage. It raises
        RetrainError with DVC's message where DVC fails.
    """
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    asked = subprocess.Popen(
        command, cwd=paths.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )

    def answer() -> set[str]:
        told, error = asked.communicate()
        if asked.returncode:
            raise RetrainError(f"`dvc status` failed: {error.strip()}")
        return set(json.loads(told))

    return answer
