"""Hooks, report and MLflow run record the outcome of a retraining."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from conveyor import files
from conveyor.config import Config, overlay
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.notify import record_failure, record_outcome
from conveyor.retraining.review import Review
from conveyor.retraining.triggers import Decision, Reason, TriggerInputs
from conveyor.tracking.retraining import retrain_run

APPEND = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
REVIEW = Review(
    TriggerInputs(arrived=80), Decision([Reason("rows", True, "80 rows are new")]), gone=3
)


@pytest.fixture
def receiver(tmp_path: Path, toy_config: Config) -> tuple[Config, Path]:
    log = tmp_path / "calls"
    log.touch()
    call = {"command": [sys.executable, "-c", APPEND, str(log)]}
    return overlay(toy_config, {"hooks.calls": [call]}), log


def calls(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_hooks_get_the_report_of_a_training_and_nothing_of_a_quiet_night(
    receiver: tuple[Config, Path], toy_project: Paths
) -> None:
    config, log = receiver
    with retrain_run("toys", toy_project) as run:
        record_outcome(
            config, toy_project, run, RetrainOutcome(ExitCode.NOTHING_TO_DO, "nothing to do", None)
        )
        assert calls(log) == []
        assert not toy_project.retraining.exists()
        outcome = RetrainOutcome(ExitCode.NOT_PROMOTED, "known", {"promote": False}, REVIEW)
        record_outcome(config, toy_project, run, outcome)
    [call] = calls(log)
    assert (call["event"], call["model"], call["code"]) == ("retraining", "toys", 11)
    assert call["verdict"] == {"promote": False}
    assert call["evidence"]["arrived"] == 80
    assert files.read_json(toy_project.retraining / "report.json")["evidence"]["arrived"] == 80


@pytest.mark.parametrize(
    ("error", "code", "message", "outcome"),
    [(InputError("the data are bad"), 2, "failed: the data are bad", "input refused"),
     (RuntimeError("password=hunter2"), 1, "failed: RuntimeError; the log says more",
      "failed")],
)  # fmt: skip
@pytest.mark.parametrize("review", [None, REVIEW])
def test_a_failure_is_recorded_without_what_may_be_secret(
    receiver: tuple[Config, Path], toy_project: Paths, error: Exception, code: int, message: str,
    outcome: str, review: Review | None,
) -> None:  # fmt: skip
    config, log = receiver
    with pytest.raises(type(error)), retrain_run("toys", toy_project) as run:
        job = Job(config, toy_project, ChampionMonitor(config, toy_project, run))
        with record_failure(config, toy_project, run, job):
            job.review = review
            raise error
    [call] = calls(log)
    assert (call["code"], call["outcome"]) == (code, message)
    report = files.read_json(toy_project.retraining / "report.json")
    assert (report["code"], report["outcome"]) == (code, message)
    page = (toy_project.retraining / "report.md").read_text()
    assert re.match(rf"# toys, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC: {re.escape(message)}\n", page)
    assert ("80 rows are new" if review else "No new rows were reviewed") in page
    logged = run.tracking.client.get_run(run.id)
    assert (logged.info.status, logged.data.tags["outcome"]) == ("FAILED", outcome)
    assert "report/report.md" in {
        item.path for item in run.tracking.client.list_artifacts(run.id, "report")
    }
