"""What a person reads belongs to the model of the project, or says to which one and day it does."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from registered_project import YES, become_another_model, register

from conveyor import files, gates
from conveyor.config import Config
from conveyor.paths import Paths
from conveyor.registry import verdict_files
from conveyor.registry.registry import Registry
from pipeline import register as register_stage

MANY = gates.Verdict(
    [
        gates.GateResult("slices: a, b|c", True, "meets the bar", {"z": {"q": 1.5}, "a": None}),
        gates.GateResult("bar: accuracy", False, "too low", {"value": 0.5}, "a small device"),
        gates.GateResult("size", False, "too large " * 900, {"bytes": 7}),
    ]
)


def test_the_verdict_is_that_of_the_model_which_the_project_has_again(
    project: Paths, toy_config: Config
) -> None:
    """As after an earlier params.yaml, where DVC restores the model from its cache."""
    registry = Registry("toys", project)
    first = registry.version("1")
    shutil.rmtree(project.model)
    shutil.copytree(first.fetch(project), project.model)
    assert files.read_json(project.verdict)["version"] == "2"
    register_stage.register(toy_config, project)
    logged = registry.client.download_artifacts(first.run_id, "promotion/verdict.json")
    assert project.verdict.read_text() == Path(logged).read_text()
    title = (project.promotion / "verdict.md").read_text().splitlines()[0]
    day = datetime.now(UTC).date()
    assert title == f"# toys, version 1, model {first.digest[:12]}, {day}: promoted to champion"
    assert title.removeprefix("# ") in (project.promotion / "verdict.html").read_text()
    assert registry.aliases()["champion"] == "2"


@pytest.mark.parametrize("verdict", [YES, MANY])
def test_a_verdict_outlives_its_files_in_the_tags_of_its_version(
    project: Paths, verdict: gates.Verdict
) -> None:
    become_another_model(project)
    number = register(project, verdict).version
    read = verdict_files.verdict_of(Registry("toys", project).version(number))
    assert read is not None
    names = [result.gate for result in verdict.results]
    assert [result.gate for result in read.results] == names
    for before, after in zip(verdict.results, read.results, strict=True):
        if len(before.reason) < 500:
            assert after == before
        else:
            assert before.reason.startswith(after.reason)
