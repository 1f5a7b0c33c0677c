"""A version is made again from what was recorded of it, or it is said what differs.

The project is a DVC repository whose stage `train` copies a folder; the clone, the patch, DVC and
the comparison are real.
"""

import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from conveyor import files, gates
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.rebuild import rebuild
from conveyor.registry.registry import Registry
from conveyor.registry.why import why

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
STAGE = {"cmd": "python make.py", "deps": ["source", "make.py"], "outs": ["artifacts/model"]}
MAKE = "import shutil; shutil.copytree('source', 'artifacts/model', dirs_exist_ok=True)"


def git(paths: Paths, *arguments: str) -> None:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=paths.root, check=True)


@pytest.fixture
def project(toy_project: Paths) -> Paths:
    """A repository of one commit, whose stage makes the toys' model."""
    root = toy_project.root
    shutil.copytree(toy_project.model, root / "source")
    (root / "make.py").write_text(MAKE)
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": STAGE}}))
    (root / ".gitignore").write_text("/artifacts\n/data\n/mlflow.db*\n/mlruns\n/.conveyor\n")
    git(toy_project, "init", "-q")
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=root, check=True)
    git(toy_project, "add", "-A")
    git(toy_project, "commit", "-qm", "as it was")
    return toy_project


def register(paths: Paths) -> Registry:
    registry = Registry("toys", paths)
    registry.register(Challenger.read(paths), YES)
    return registry


def change(paths: Paths, *folders: str) -> None:
    """Another model: in what the stage reads, in what it made, or in both."""
    for folder in folders:
        card = paths.root / folder / "card.json"
        files.write_json(card, {**files.read_json(card), "flops": 1})


def test_a_version_of_a_commit_is_made_again_to_the_byte(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []

    @contextmanager
    def show_clock(title: str, expected: float | None) -> Iterator[Any]:
        shown.extend([title, expected])
        yield shown.append

    monkeypatch.setattr("conveyor.registry.rebuild.show_clock", show_clock)
    registry = register(project)
    for number, stage in enumerate(("compose", "prepare", "sweep", "train", "evaluate")):
        run = {"began": 0.0, "seconds": 2.0**number, "error": None, "belt": 1}
        files.write_json(project.stage_runs / f"{stage}.json", run)
    assert registry.version("1").tags["source_patch"] == "none"
    change(project, "source", "artifacts/model")  # the project goes on
    assert rebuild(registry, "1")
    # The stages up to train took 15 seconds here.
    assert shown == ["rebuilding version 1", 15.0, "git clone", "train"]


def test_what_was_not_committed_is_made_again_too(project: Paths) -> None:
    change(project, "source", "artifacts/model")
    (project.root / "make.py").write_text(MAKE + "  # a change\n")
    registry = register(project)
    git(project, "checkout", "--", "source", "make.py")
    assert rebuild(registry, "1")


# A search whose result follows from the data, and a training that needs the first one.
SEARCHING = {
    "prepare": {"cmd": "cp raw prepared", "deps": ["raw"], "outs": ["prepared"]},
    "sweep": {"cmd": "mkdir -p artifacts/sweep && cp prepared artifacts/sweep/best.yaml",
              "deps": ["prepared"], "outs": ["artifacts/sweep"]},
    "train": {**STAGE, "deps": ["source", "make.py", "prepared", "artifacts/sweep"]},
}  # fmt: skip
CHECK = """
import yaml
with open('artifacts/sweep/best.yaml') as best, open('source/config.yaml') as config:
    found, used = yaml.safe_load(best)['params'], yaml.safe_load(config)
    assert found['train.epochs'] == used['train']['epochs']
"""


def test_a_search_of_earlier_data_is_not_repeated(project: Paths) -> None:
    root, dvc = project.root, [sys.executable, "-m", "dvc", "repro", "-q"]
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": SEARCHING}))
    (root / "make.py").write_text(MAKE + CHECK)
    with (root / ".gitignore").open("a") as ignored:
        ignored.write("/prepared\n")
    epochs = files.read_yaml(root / "source/config.yaml")["train"]["epochs"]
    (root / "raw").write_text(f"params: {{train.epochs: {epochs}}}")
    subprocess.run(dvc, cwd=root, check=True)
    (root / "raw").write_text("params: {train.epochs: 99}")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "new data")
    subprocess.run([*dvc, "--single-item", "prepare", "train"], cwd=root, check=True)
    registry = register(project)
    assert registry.version("1").tags["search"] == "of earlier inputs"
    assert "--single-item train" in why(registry, "1")
    assert rebuild(registry, "1")


def test_a_version_that_cannot_be_made_again_is_told_with_the_files_that_differ(
    project: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    change(project, "artifacts/model")
    registry = register(project)
    with caplog.at_level(logging.ERROR):
        assert not rebuild(registry, "1")
    assert "version 1 was NOT rebuilt with equal bytes; these differ: card.json" in caplog.text


def test_a_version_whose_changes_were_too_large_to_keep_says_so(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conveyor.registry.lineage.LARGEST_PATCH", 10)
    (project.root / "make.py").write_text(MAKE + "  # a change\n")
    registry = register(project)
    assert "# apply the uncommitted changes, which were not kept" in why(registry, "1")
    with pytest.raises(InputError, match="expected the uncommitted changes; got not kept"):
        rebuild(registry, "1")


def test_a_version_whose_changes_were_deleted_in_mlflow_says_so(project: Paths) -> None:
    (project.root / "make.py").write_text(MAKE + "  # a change\n")
    registry = register(project)
    shutil.rmtree(project.root / "mlruns" / "toys" / registry.version("1").run_id)
    with pytest.raises(InputError, match="expected the uncommitted changes; got none") as refusal:
        rebuild(registry, "1")
    assert "\n" not in str(refusal.value)


def test_a_version_without_a_verdict_is_not_said_to_have_passed(project: Paths) -> None:
    registry = register(project)
    for tag in ("verdict", "reasons"):
        registry.client.delete_model_version_tag("toys", "1", tag)
    assert "every gate" not in why(registry, "1")


def test_a_version_from_outside_git_has_no_origin(toy_project: Paths) -> None:
    registry = register(toy_project)
    with pytest.raises(InputError, match="registered outside a git repository"):
        rebuild(registry, "1")


def test_a_lost_commit_is_a_clear_error(project: Paths) -> None:
    registry = register(project)
    registry.set_tags("1", {"git.revision": "0" * 40})
    with pytest.raises(InputError, match="is in no branch of this repository any more"):
        rebuild(registry, "1")


def test_the_commands_of_a_project_in_a_subfolder_reach_its_sources(
    toy_project: Paths, tmp_path_factory: pytest.TempPathFactory
) -> None:
    repository = tmp_path_factory.mktemp("repository with space")
    nested = Paths(repository / "teams" / "toys")
    shutil.copytree(toy_project.root, nested.root)
    (nested.root / ".gitignore").write_text("/artifacts\n/data\n/mlflow.db*\n/mlruns\n/.conveyor\n")
    (nested.root / "source").write_text("as committed")
    top = Paths(repository)
    git(top, "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "first")
    (nested.root / "source").write_text("as trained")
    registry = register(nested)
    patch = registry.client.download_artifacts(registry.version("1").run_id, "lineage/source.patch")
    lines = why(registry, "1").partition("which does:")[2].splitlines()
    commands = [line for line in lines if "dvc" not in line]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    script = "\n".join(commands).replace("source.patch ", f"{patch} ", 1)
    typed = subprocess.run(f"set -e\n{script}\ncat source", shell=True, cwd=elsewhere, text=True,
                           capture_output=True, check=True)  # fmt: skip
    assert typed.stdout.endswith("as trained")
