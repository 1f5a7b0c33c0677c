"""Runs one retraining, step by step."""

import logging
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from conveyor import files
from conveyor.config import RetrainConfig
from conveyor.errors import ExitCode
from conveyor.fetch.fetch import fetch
from conveyor.paths import Paths
from conveyor.retraining.dvc import changed_stages, run_dvc
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.publish import commit
from conveyor.retraining.review import Review

log = logging.getLogger(__name__)

STAGES_WITHOUT_SWEEP = ("compose", "prepare", "train", "evaluate", "register")


@dataclass(frozen=True)
class RetrainOutcome:
    """The result of a retraining.

    Attributes:
        message: one line that says what happened.
        verdict: the decision of the stage `register`; None where this job registered no version.
        review: why the job trained or did not; None where nothing had changed, or where the job
            failed before its review.
    """

    code: ExitCode
    message: str
    verdict: dict[str, Any] | None
    review: Review | None = None

    @property
    def failed(self) -> bool:
        return self.code in (ExitCode.FAILED, ExitCode.INPUT_REFUSED)

    def summary(self) -> str:
        """The message, the reason, and one line for each gate."""
        gates = [f"  {g['gate']}: {g['reason']}" for g in (self.verdict or {}).get("gates", [])]
        reason = [f"  why: {self.review.decision.summary}"] if self.review else []
        return "\n".join([self.message, *reason, *gates])

    def as_json(self) -> dict[str, Any]:
        """The content of report.json, which each hook gets too."""
        review = self.review.as_json() if self.review else {}
        return {"code": self.code, "outcome": self.message, "verdict": self.verdict, **review}


class Job:
    """One retraining of the project folder `paths`.

    Attributes:
        monitor: compares the data with the champion's.
        review: the monitor's review, as soon as it exists.
    """

    def __init__(self, config: RetrainConfig, paths: Paths, monitor: ChampionMonitor) -> None:
        self.config, self.paths, self.monitor = config, paths, monitor
        self.review: Review | None = None

    def run(self, changed: Set[str]) -> RetrainOutcome:
        """Update the data, review them, and reproduce the pipeline if there is a reason.

        Args:
            changed: the stages that `dvc repro` would run, before the data are updated.

        Raises:
            InputError: a stage refused its input, or git refused to commit.
            RetrainError: a command failed.
        """
        if self.config.retrain.refresh != "none":
            self._refresh()
            changed = changed_stages(self.paths)
        if not changed - ({"sweep"} if self._skips_sweep else set()):
            message = "nothing to do: data, code and configuration are as they were"
            return RetrainOutcome(ExitCode.NOTHING_TO_DO, message, None)
        # A `dvc repro` by hand saves no profile, and `prepare` overwrites the champion's data.
        self.monitor.save_profile()
        run_dvc(self.paths, "repro", "prepare")
        self.review = self.monitor.review()
        if not self.review.decision.train:
            message = "not trained: no trigger fired"
            return RetrainOutcome(ExitCode.NOTHING_TO_DO, message, None, self.review)
        previous = self._read_verdict()
        self._train()
        outcome = self._outcome(previous)
        # The next job may run in another clone, which does not have these data.
        self.monitor.save_profile()
        self._publish(outcome)
        return outcome

    def _refresh(self) -> None:
        """Update the data that `dvc import-url` brought, or those of the queries."""
        tracked = sorted(self.paths.raw.rglob("*.dvc"))
        if self.config.retrain.push and tracked:
            # `dvc push` sends the present version of the data only, so push before the update.
            run_dvc(self.paths, "push")
        if self.config.retrain.refresh == "dvc":
            for file in tracked:
                run_dvc(self.paths, "update", str(file.relative_to(self.paths.root)))
        else:
            dataset = self.config.dataset
            for result in fetch(
                dataset.source, dataset.engine, self.paths.root, self.paths.scratch
            ):
                log.info("%s", result)

    @property
    def _skips_sweep(self) -> bool:
        return self.config.retrain.sweep == "skip" and self.paths.sweep.is_dir()

    def _train(self) -> None:
        if self._skips_sweep:
            log.info("retrain.sweep is skip: the best parameters of the last sweep are used")
            run_dvc(self.paths, "repro", "--single-item", *STAGES_WITHOUT_SWEEP)
        else:
            run_dvc(self.paths, "repro")

    def _outcome(self, previous: dict[str, Any] | None) -> RetrainOutcome:
        """The outcome after a training; `previous` is the verdict before it."""
        verdict = self._read_verdict()
        if verdict is None or verdict == previous:
            message = "the pipeline ran and produced a model that is registered already"
            return RetrainOutcome(ExitCode.NOTHING_TO_DO, message, None, self.review)
        version = f"version {verdict['version']}"
        if verdict["promote"]:
            code, message = ExitCode.PROMOTED, f"{version} is the new champion"
        else:
            code, message = ExitCode.NOT_PROMOTED, f"{version} is trained, but not promoted"
        return RetrainOutcome(code, message, verdict, self.review)

    def _publish(self, outcome: RetrainOutcome) -> None:
        if self.config.retrain.commit:
            log.info("%s", commit(self.paths, outcome.message))
        if self.config.retrain.push:
            run_dvc(self.paths, "push")

    def _read_verdict(self) -> dict[str, Any] | None:
        path = self.paths.verdict
        return files.read_json(path) if path.is_file() else None
