"""How the sources differ from their last commit, which the training run keeps."""

import logging
from pathlib import Path

import pytest

from conveyor.git import git
from conveyor.registry.lineage import NO_COMMIT, write_patch

AUTHOR = ("-c", "user.name=me", "-c", "user.email=me@example.org")


def test_the_patch_has_what_was_changed_and_added_but_no_secret(tmp_path: Path) -> None:
    project, patch = tmp_path / "project", tmp_path / "source.patch"
    project.mkdir()
    git(project, "init")
    (project / "params.yaml").write_text("seed: 1\n")
    git(project, "add", ".")
    git(project, *AUTHOR, "commit", "-m", "first")
    assert write_patch(project, patch)
    assert patch.read_text() == ""
    (project / "params.yaml").write_text("seed: 2\n")
    (project / "new.py").write_text("answer = 42\n")
    (project / ".env").write_text("TOKEN=hidden\n")
    assert write_patch(project, patch)
    lines = patch.read_text().splitlines()
    assert {"-seed: 1", "+seed: 2", "+answer = 42"} <= {*lines}
    assert "hidden" not in patch.read_text()
    assert git(project, "diff", "--cached") == "", "the index of the user is left as it was"


@pytest.mark.parametrize("has_repository", [False, True])
def test_without_a_commit_it_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, has_repository: bool
) -> None:
    if has_repository:
        git(tmp_path, "init")
    with caplog.at_level(logging.WARNING):
        assert not write_patch(tmp_path, tmp_path / "source.patch")
    assert [record.getMessage() for record in caplog.records] == [NO_COMMIT]
