"""Runs one retraining, step by step."""

import logging
import shutil
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from conveyor import files
from conveyor.config import RetrainConfig
from conveyor.errors import ExitCode
from conveyor.fetch.fetch import fetch
from conveyor.paths import Paths
from conveyor.retraining.dvc import changed_stages, check_remote, run_dvc
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.publish import commit
from conveyor.retraining.review import Review

log = logging.getLogger(__name__)

# How the console marks a gate, in the order in which gates are listed.
MARKS = {"refused": "REFUSED", "waived": "waived ", "passed": "passed "}
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

    @property
    def headline(self) -> str:
        """What happened, the challenger beside the champion, and the gates that refused."""
        comparison = next(filter(None, map(_describe_comparison, self.gates)), None)
        refused = [gate["gate"] for gate in self.gates if outcome_of(gate) == "refused"]
        parts = [self.message.partition("\n")[0], comparison]
        parts += [f"refused by {', '.join(refused)}"] if refused else []
        return "; ".join(part for part in parts if part)

    @property
    def details(self) -> str:
        """The lines of the message after the first, such as the output of a failed command."""
        return self.message.partition("\n")[2]

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The results of the gates: those that refused first, then those that were waived."""
        gates = (self.verdict or {}).get("gates", [])
        return sorted(gates, key=lambda gate: list(MARKS).index(outcome_of(gate)))

    def summary(self) -> str:
        """The headline, the reason, and one line for each gate."""
        gates = [f"  {MARKS[outcome_of(g)]} {g['gate']}: {g['reason']}" for g in self.gates]
        reason = [f"  why: {self.review.decision.summary}"] if self.review else []
        details = [f"  {line}" for line in self.details.splitlines()]
        return "\n".join([self.headline, *details, *reason, *gates])

    def as_json(self) -> dict[str, Any]:
        """The content of report.json, which each hook gets too."""
        review = self.review.as_json() if self.review else {}
        return {"code": self.code, "outcome": self.message, "headline": self.headline,
                "verdict": self.verdict, **review}  # fmt: skip


def outcome_of(gate: Mapping[str, Any]) -> str:
    """Whether a gate of a verdict refused, was waived or passed."""
    if gate["passed"]:
        return "passed"
    return "refused" if gate.get("waived") is None else "waived"


def _describe_comparison(gate: Mapping[str, Any]) -> str | None:
    """The challenger beside the champion, from the gate that compared them; None of another."""
    numbers = gate.get("numbers", {})
    if not {"metric", "rows", "value", "champion_value"} <= numbers.keys():
        return None
    return (
        f"{numbers['metric']} {numbers['value']:.4f} beside {numbers['champion_value']:.4f} of "
        f"version {numbers['champion']}, the champion, on the same {numbers['rows']} rows"
    )


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

        A champion that is missing or damaged is a reason of its own: the last whole one is made
        champion again, and the project's model is registered again.

        Args:
            changed: the stages that `dvc repro` would run, before the data are updated.

        Raises:
            InputError: a stage refused its input, git refused to commit, or there is no remote.
            RetrainError: a command failed.
        """
        if self.config.retrain.push:
            check_remote(self.paths)
        fault = self.monitor.find_fault()
        if fault is not None:
            self.monitor.restore_champion()
        outcome = self._run(changed)
        if fault is None or outcome.code != ExitCode.NOTHING_TO_DO:
            return outcome
        return self._recover(fault, outcome.review)

    def _run(self, changed: Set[str]) -> RetrainOutcome:
        if self.config.retrain.refresh != "none":
            self._refresh()
            changed = changed_stages(self.paths)
        if not changed - ({"sweep"} if self._skips_sweep else set()):
            message = "nothing to do: data, code and configuration are as they were"
            message += f"; {self.monitor.describe_last_change()}"
            return RetrainOutcome(ExitCode.NOTHING_TO_DO, message, None)
        # A `dvc repro` by hand saves no profile, and `prepare` overwrites the champion's data.
        self.monitor.save_profile()
        run_dvc(self.paths, "repro", "prepare")
        self.review = self.monitor.review()
        if not self.review.decision.train:
            message = f"not trained: no trigger fired; {self.monitor.describe_last_change()}"
            return RetrainOutcome(ExitCode.NOTHING_TO_DO, message, None, self.review)
        previous, existing = self._read_verdict(), self.monitor.versions()
        self._train()
        outcome = self._outcome(previous, existing)
        # The next job may run in another clone, which does not have these data.
        self.monitor.save_profile()
        self._publish(outcome)
        return outcome

    def _recover(self, fault: str, review: Review | None) -> RetrainOutcome:
        """The outcome where the champion was lost, and nothing else was a reason to train."""
        previous = self._read_verdict()
        if review is None or review.decision.train:  # the model is that of the prepared data
            self._register()
        verdict, champion = self._read_verdict(), self.monitor.champion()
        if champion is None:
            message = f"no version can serve: {fault}, and the project's model is no champion"
            return RetrainOutcome(ExitCode.NOT_PROMOTED, message, verdict, review)
        message = f"version {champion.version} serves: {fault}"
        return RetrainOutcome(
            ExitCode.PROMOTED, message, None if verdict == previous else verdict, review
        )

    def _register(self) -> None:
        run_dvc(self.paths, "repro", "--force", "--single-item", "register")

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
        if self.config.retrain.init == "champion":
            self._copy_champion()
        if self._skips_sweep:
            log.info("retrain.sweep is skip: the best parameters of the last sweep are used")
            run_dvc(self.paths, "repro", "--single-item", *STAGES_WITHOUT_SWEEP)
        else:
            run_dvc(self.paths, "repro")

    def _copy_champion(self) -> None:
        """Copy the champion's folder to where the stage `train` begins from it, for DVC to track.

        Before the first champion there is nothing to copy, and train begins from scratch.
        """
        champion, target = self.monitor.champion(), self.paths.init
        if champion is None:
            return
        source = champion.fetch(self.paths)
        if not target.is_dir() or files.digest_tree(target) != files.digest_tree(source):
            with files.replacing_folder(target) as temporary:
                shutil.copytree(source, temporary, dirs_exist_ok=True)
        run_dvc(self.paths, "add", str(target.relative_to(self.paths.root)))
        log.info("train begins with the weights of version %s", champion.version)

    def _outcome(self, previous: dict[str, Any] | None, existing: Set[str]) -> RetrainOutcome:
        """The outcome after a training.

        Args:
            previous: the verdict before it.
            existing: the versions that existed before it.
        """
        verdict = self._read_verdict()
        if verdict is None or verdict == previous or verdict["version"] in existing:
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
