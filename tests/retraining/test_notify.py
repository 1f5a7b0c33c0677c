"""What a night leaves behind: hooks, report and run say what it came to."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from conveyor import files
from conveyor.config import Config, overlay
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.retraining import retrain_run
from conveyor.retraining.job import NOTHING, Job, Outcome
from conveyor.retraining.notify import failure_told, tell
from conveyor.retraining.review import Review
from conveyor.retraining.triggers import Decision, Evidence, Reason

APPEND = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
FOUND = Review(Evidence(arrived=80), Decision([Reason("rows", True, "80 rows are new")]), gone=3)


@pytest.fixture
def heard(tmp_path: Path, toy_config: Config) -> tuple[Config, Path]:
    log = tmp_path / "heard"
    log.touch()
    call = {"command": [sys.executable, "-c", APPEND, str(log)]}
    return overlay(toy_config, {"hooks.calls": [call]}), log


def told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_hooks_get_the_report_of_a_training_and_nothing_of_a_quiet_night(
    heard: tuple[Config, Path], toy_project: Paths
) -> None:
    config, log = heard
    with retrain_run("toys", toy_project) as run:
        tell(config, toy_project, run, Outcome(NOTHING, "nothing to do", None))
        assert told(log) == []
        assert not toy_project.retraining.exists()
        known = Outcome(NOTHING, "known", {"promote": False}, FOUND)
        tell(config, toy_project, run, known)
    [got] = told(log)
    assert (got["event"], got["model"], got["code"]) == ("retraining", "toys", NOTHING)
    assert got["verdict"] == {"promote": False}
    assert got["evidence"]["arrived"] == 80
    assert files.read_json(toy_project.retraining / "report.json")["evidence"]["arrived"] == 80


@pytest.mark.parametrize(
    ("error", "code", "words", "outcome"),
    [(InputError("the data are bad"), 2, "failed: the data are bad", "input refused"),
     (RuntimeError("password=hunter2"), 1, "failed: RuntimeError; the log has its traceback",
      "failed")],
)  # fmt: skip
@pytest.mark.parametrize("review", [None, FOUND])
def test_a_failure_is_told_without_what_may_be_secret(
    heard: tuple[Config, Path], toy_project: Paths, error: Exception, code: int, words: str,
    outcome: str, review: Review | None,
) -> None:  # fmt: skip
    config, log = heard
    job = Job(config, toy_project)
    with pytest.raises(type(error)), retrain_run("toys", toy_project) as run:
        with failure_told(config, toy_project, run, job):
            job.review = review
            raise error
    [got] = told(log)
    assert (got["code"], got["outcome"]) == (code, words)
    report = files.read_json(toy_project.retraining / "report.json")
    assert (report["code"], report["outcome"]) == (code, words)
    page = (toy_project.retraining / "report.md").read_text()
    assert page.startswith(f"# toys: {words}\n")
    assert ("80 rows are new" if review else "before it had looked") in page
    kept = run.tracking.client.get_run(run.id)
    assert (kept.info.status, kept.data.tags["outcome"]) == ("FAILED", outcome)
    assert "report/report.md" in {
        item.path for item in run.tracking.client.list_artifacts(run.id, "report")
    }
