"""Hooks, report and MLflow run record the outcome of a retraining."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor import files
from conveyor.config import Config, overlay
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.retraining import report
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.retraining.lock import Busy
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.notify import record_failure, record_outcome, record_refusal
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
        page = (toy_project.retraining / "report.md").read_text()
        assert re.match(r"# toys, \d{4}-\d\d-\d\d \d\d:\d\d UTC: nothing to do\n", page)
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
    content = files.read_json(toy_project.retraining / "report.json")
    assert (content["code"], content["outcome"]) == (code, message)
    page = (toy_project.retraining / "report.md").read_text()
    assert re.match(rf"# toys, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC: {re.escape(message)}\n", page)
    assert ("80 rows are new" if review else "No new rows were reviewed") in page
    logged = run.tracking.client.get_run(run.id)
    assert (logged.info.status, logged.data.tags["outcome"]) == ("FAILED", outcome)
    assert "report/report.md" in {
        item.path for item in run.tracking.client.list_artifacts(run.id, "report")
    }


CHAMPION = {"metric": "accuracy", "rows": 370, "value": 0.97, "champion_value": 0.98,
            "champion": "3"}  # fmt: skip
GATES = [
    {"gate": "size", "passed": True, "reason": "small", "numbers": {}, "waived": None},
    {"gate": "baselines", "passed": False, "reason": "worse", "numbers": {}, "waived": "a test"},
    {"gate": "better than the champion", "passed": False, "reason": "p = 0.9",
     "numbers": CHAMPION, "waived": None},
]  # fmt: skip


def test_the_first_line_says_what_a_person_asks_in_the_morning(tmp_path: Path) -> None:
    verdict = {"version": "4", "promote": False, "gates": GATES}
    outcome = RetrainOutcome(ExitCode.NOT_PROMOTED, "version 4 is trained, but not promoted",
                             verdict, REVIEW)  # fmt: skip
    first = (
        "version 4 is trained, but not promoted; accuracy 0.9700 beside 0.9800 of version 3, the "
        "champion, on the same 370 rows; refused by better than the champion"
    )
    console = outcome.summary().splitlines()
    assert console[0] == first
    marks = [line.split()[0] for line in console if not line.startswith("  why")][1:]
    assert marks == ["REFUSED", "waived", "passed"]
    report.write(tmp_path / "retrain", "toys", outcome, 0.1)
    page = (tmp_path / "retrain" / "report.md").read_text().splitlines()
    assert page[0].endswith(f"UTC: {first}")
    gates = [line for line in page if line.startswith("- ")]
    assert gates[0] == "- **REFUSED** better than the champion: p = 0.9"
    assert gates[1] == "- waived baselines: worse"


def test_a_failed_night_carries_the_output_of_the_command(tmp_path: Path) -> None:
    message = "failed: `dvc push` failed, and the champion serves as before: a\nERROR: b"
    outcome = RetrainOutcome(ExitCode.FAILED, message, None)
    assert outcome.summary() == f"{message.splitlines()[0]}\n  ERROR: b"
    report.write(tmp_path / "retrain", "toys", outcome, 0.1)
    assert "\n    ERROR: b\n" in (tmp_path / "retrain" / "report.md").read_text()


def test_a_refused_configuration_is_recorded_under_the_last_valid_one(
    receiver: tuple[Config, Path], toy_project: Paths
) -> None:
    config, log = receiver
    files.write_text(toy_project.config, yaml.safe_dump(config.model_dump(mode="json")))
    with pytest.raises(InputError), record_refusal(toy_project):
        raise InputError("params.yaml: expected epochs; got epoch")
    [call] = calls(log)
    assert (call["code"], "got epoch" in call["headline"]) == (2, True)
    with pytest.raises(Busy), record_refusal(toy_project):
        raise Busy("a DVC command is running")
    assert len(calls(log)) == 1
