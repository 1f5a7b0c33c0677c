"""A configuration that git does not know yet is not in the copy in which DVC runs an experiment."""

import shutil
from pathlib import Path

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("copy", [".dvc/tmp/exps/tmp1", ".dvc/tmp/exps/standalone/tmp1/inner"])
def test_an_experiment_in_a_copy_says_which_file_git_does_not_know(
    tmp_path: Path, copy: str
) -> None:
    project = tmp_path / "inner" if copy.endswith("inner") else tmp_path
    root = tmp_path / copy
    shutil.copytree(ROOT / "conf", root / "conf")
    (root / "params.yaml").write_text("choose: {dataset: tickets}")
    with pytest.raises(ConfigError, match="expected a file of conf/dataset/; got 'tickets'"):
        compose(Paths(root))
    (project / "conf/dataset").mkdir(parents=True)
    (project / "conf/dataset/tickets.yaml").write_text("name: tickets")
    with pytest.raises(ConfigError) as refusal:
        compose(Paths(root))
    assert "conf/dataset/tickets.yaml is not in git yet" in str(refusal.value)
    assert "`git add conf/dataset/tickets.yaml`" in str(refusal.value)
