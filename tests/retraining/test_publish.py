"""What a retraining commits, pushes and leaves out, with real git and DVC."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.retraining.dvc import changed_stages
from conveyor.retraining.job import Job
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.publish import commit
from conveyor.tracking.retraining import retrain_run

ROOT = Path(__file__).parents[2]


def git(paths: Paths, *arguments: str) -> str:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=paths.root, check=True, text=True,
                          capture_output=True).stdout  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tests")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tests@example.org")
    paths = Paths(tmp_path / "project")
    (paths.root / "reports").mkdir(parents=True)
    git(paths, "init", "-q")
    for name in ("dvc.lock", "reports/metrics.json", "params.yaml"):
        (paths.root / name).write_text("day: one")
    git(paths, "add", "-A")
    git(paths, "commit", "-qm", "first")
    return paths


def test_the_belt_s_changes_are_committed_and_untracked_files_are_left(project: Paths) -> None:
    assert commit(project, "nothing") == "nothing to commit"
    for name in ("dvc.lock", "reports/metrics.json", "notes.txt"):
        (project.root / name).write_text("two")
    assert commit(project, "version 2") == "committed dvc.lock, reports/metrics.json"
    assert git(project, "log", "-1", "--format=%s").strip() == "Retrain: version 2"
    assert git(project, "status", "--porcelain").strip() == "?? notes.txt"


def test_in_a_subfolder_of_a_repository_only_the_project_s_files_count(project: Paths) -> None:
    nested = Paths(project.root / "teams" / "toys")
    (nested.root / "reports").mkdir(parents=True)
    for name in ("dvc.lock", "reports/metrics.json"):
        (nested.root / name).write_text("day: one")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "second")
    for name in ("dvc.lock", "reports/metrics.json"):
        (nested.root / name).write_text("two")
    (project.root / "params.yaml").write_text("of another project")
    assert commit(nested, "version 2") == "committed dvc.lock, reports/metrics.json"
    assert git(project, "status", "--porcelain").strip() == "M params.yaml"


def test_beside_a_person_s_changes_nothing_is_committed(project: Paths) -> None:
    for name in ("dvc.lock", "params.yaml"):
        (project.root / name).write_text("two")
    assert commit(project, "x").startswith("not committed: params.yaml has changes")
    assert git(project, "log", "--format=%s").split() == ["first"]


def test_a_commit_that_git_refuses_says_which_setting_to_change(project: Paths) -> None:
    (project.root / "dvc.lock").write_text("two")
    hook = project.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(InputError, match=r"not today.*set retrain\.commit to false"):
        commit(project, "x")


def test_the_data_of_yesterday_are_in_the_remote_before_they_are_updated(
    project: Paths, toy_config: Config, tmp_path: Path
) -> None:
    def dvc(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=project.root, check=True)

    (project.root / "dvc.lock").unlink()
    stage = {"cmd": "cp data/raw/rows.txt out.txt", "deps": ["data/raw/rows.txt"],
             "outs": ["out.txt"]}  # fmt: skip
    prepare = {"cmd": "true", "deps": ["data/raw/rows.txt"]}
    (project.root / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"prepare": prepare, "register": stage}})
    )
    source, remote = tmp_path / "rows.txt", tmp_path / "remote"
    source.write_text("monday")
    project.raw.mkdir(parents=True)
    dvc("init", "-q")
    dvc("remote", "add", "-q", "-d", "far", str(remote))
    dvc("import-url", "-q", str(source), "data/raw/rows.txt")
    config = overlay(toy_config, {"retrain.refresh": "dvc", "retrain.push": True})
    for day in ("tuesday", "wednesday"):
        time.sleep(0.01)
        source.write_text(day)
        with retrain_run("toys", project) as run:
            job = Job(config, project, ChampionMonitor(config, project, run))
            job.run(changed_stages(project))
    kept = {file.read_text() for file in remote.rglob("*") if file.is_file()}
    assert {"monday", "tuesday", "wednesday"} <= kept


def test_a_warm_night_s_sweep_begins_with_the_champion() -> None:
    for mode in ("search", "warm", "skip"):
        config = compose(Paths(ROOT), [f"retrain.sweep={mode}"])
        assert config.sweep.warm_start.champion == (mode == "warm")
