"""The command as a person types it: what it prints and how it exits."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
import yaml

from conveyor import gates
from conveyor.config import Config, overlay
from conveyor.files import write_text
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


@dataclass(frozen=True)
class Project:
    paths: Paths

    def promote(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and what it printed, errors too."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.promote", *arguments], cwd=self.paths.root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ), check=False,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture
def project(toy_project: Paths, toy_config: Config) -> Project:
    write_text(toy_project.config, yaml.safe_dump(toy_config.model_dump(mode="json")))
    registry = Registry("toys", toy_project)
    registry.apply_verdict(registry.register(Challenger.read(toy_project), YES))
    return Project(toy_project)


VETO = """
import json, subprocess, sys
told = json.load(sys.stdin)
if told["action"] == "forced":
    command = [sys.executable, "-m", "pipeline.promote", "rollback", "--reason", "it smokes"]
    sys.exit(subprocess.run(command).returncode)
"""


def test_a_receiver_may_roll_back_what_it_hears_of(project: Project, toy_config: Config) -> None:
    with (project.paths.model / "config.yaml").open("a") as file:
        file.write("# another model\n")
    registry = Registry("toys", project.paths)
    no = gates.Verdict([gates.GateResult("bar: accuracy", False, "too low", {})])
    registry.apply_verdict(registry.register(Challenger.read(project.paths), no))
    call = {"command": [sys.executable, "-c", VETO]}
    changed = overlay(toy_config, {"hooks.calls": [call], "hooks.timeout": 60.0})
    write_text(project.paths.config, yaml.safe_dump(changed.model_dump(mode="json")))
    code, text = project.promote("2", "--force", "--reason", "a try")
    assert code == 0, text
    assert registry.aliases()["champion"] == "1"
    last = registry.history.changes()[-2:]
    assert [(c.action, c.reason) for c in last] == [
        ("forced", "a try"), ("rolled back", "it smokes")
    ]  # fmt: skip
    assert all(hook["error"] is None for c in last for hook in c.hooks or [{"error": "untold"}])


def test_what_is_done_already_is_no_error_and_what_cannot_be_is_exit_code_2(
    project: Project,
) -> None:
    assert project.promote("1") == (0, "nothing changed: this version is the champion already\n")
    code, text = project.promote("4")
    assert (code, text.count("\n")) == (2, 1)
    assert "promote: toys has no version '4'; there are: 1." in text
    code, text = project.promote("rollback")
    assert code == 2
    assert "there is nothing to roll back to" in text
    code, text = project.promote("history")
    assert code == 0
    assert "none -> 1  promoted by " in text
