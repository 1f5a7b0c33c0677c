"""`dvc exp run -S` writes into params.yaml, and the stage compose names what it left there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from conveyor.config.uncommitted import uncommitted_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """The project's params.yaml, committed."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path / "params.yaml"


def test_dvc_writes_what_it_is_told_and_nothing_else(params: Path) -> None:
    before = params.read_text()
    apply_overrides(params, ["choose.model=gru", "seed=3"])
    changed = before.replace("  model:\n", "  model: gru\n").replace("seed: 17", "seed: 3")
    assert params.read_text() == changed


def test_settings_that_no_commit_has_are_named(params: Path) -> None:
    assert uncommitted_settings(params) == []
    apply_overrides(params, ["choose.model=gru", "+train.epochs=3", "~choose.experiment"])
    assert uncommitted_settings(params) == [
        "choose.model=gru", "train.epochs=3", "~choose.experiment",
    ]  # fmt: skip


def test_without_a_commit_nothing_is_named(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert uncommitted_settings(tmp_path / "params.yaml") == []
