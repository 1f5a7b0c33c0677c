"""The hooks hear what a night came to."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from conveyor.config import Config, overlay
from conveyor.errors import InputError
from conveyor.retraining.job import NOTHING, REFUSED, Outcome
from conveyor.retraining.review import Review
from conveyor.retraining.tell import failure_told, tell
from conveyor.retraining.triggers import Decision, Evidence, Reason

APPEND = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"


@pytest.fixture
def heard(tmp_path: Path, toy_config: Config) -> tuple[Config, Path]:
    log = tmp_path / "heard"
    log.touch()
    call = {"command": [sys.executable, "-c", APPEND, str(log)]}
    return overlay(toy_config, {"hooks.calls": [call]}), log


def told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_hooks_get_the_report_of_a_training_and_nothing_of_a_quiet_night(
    heard: tuple[Config, Path],
) -> None:
    config, log = heard
    tell(config, Outcome(NOTHING, "nothing to do", None))
    assert told(log) == []
    reason = Reason("rows", True, "80 rows are new")
    review = Review(Evidence(arrived=80), Decision([reason]), gone=3)
    tell(config, Outcome(REFUSED, "not promoted", {"promote": False}, review))
    [got] = told(log)
    assert (got["event"], got["model"], got["code"]) == ("retraining", "toys", REFUSED)
    assert got["verdict"] == {"promote": False}
    assert got["evidence"]["arrived"] == 80


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(InputError("the data are bad"), 2, "failed: the data are bad"),
     (RuntimeError("password=hunter2"), 1, "failed: RuntimeError; the log has its traceback")],
)  # fmt: skip
def test_hooks_hear_of_a_failure_without_what_may_be_secret(
    heard: tuple[Config, Path], error: Exception, code: int, words: str
) -> None:
    config, log = heard
    with pytest.raises(type(error)), failure_told(config):
        raise error
    [got] = told(log)
    assert (got["code"], got["outcome"]) == (code, words)
