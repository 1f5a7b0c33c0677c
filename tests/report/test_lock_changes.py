"""A dvc.lock that changed on another machine is explained, and one that a person changed is not."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor.paths import Paths
from conveyor.report.lock_changes import explain_lock_changes


def stage(cmd: str, deps: dict[str, str], outs: dict[str, str], **params: Any) -> dict[str, Any]:
    return {
        "cmd": cmd,
        "deps": [{"path": path, "md5": md5} for path, md5 in deps.items()],
        "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()],
        "params": {"artifacts/config.yaml": params},
    }


def lock(model: str = "m1", code: str = "c1", report: str = "r1", epochs: int = 3) -> str:
    stages = {
        "train": stage("train", {"code": code, "data": "d1"}, {"model": model}, epochs=epochs),
        "evaluate": stage("evaluate", {"model": model, "data": "d1"}, {"report": report}),
    }
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A repository whose commit holds a dvc.lock."""
    (tmp_path / "dvc.lock").write_text(lock())
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "results of the author"]):
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True)
    return Paths(tmp_path)


def test_other_bytes_from_equal_inputs_are_explained_by_the_stage_that_gave_them(
    paths: Paths,
) -> None:
    paths.dvc_lock.write_text(lock(model="m2", report="r2"))
    line = explain_lock_changes(paths)
    assert line is not None
    assert "no input does: train gave other bytes" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "content",
    [lock(), lock(code="c2", model="m2"), lock(epochs=4, model="m2"), "stages: {}\n"],
    ids=["as committed", "other code", "other settings", "no stage"],
)
def test_what_a_person_changed_needs_no_explanation(paths: Paths, content: str) -> None:
    paths.dvc_lock.write_text(content)
    assert explain_lock_changes(paths) is None


def test_without_a_commit_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert explain_lock_changes(Paths(tmp_path)) is None
    (tmp_path / "dvc.lock").write_text(lock())
    assert explain_lock_changes(Paths(tmp_path)) is None
