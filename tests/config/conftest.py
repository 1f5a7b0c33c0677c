"""Fixtures of the tests of the configuration."""

import shutil
from pathlib import Path

import pytest

from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Paths:
    """A project folder of its own: the real conf/ and params.yaml, free to be spoiled."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return Paths(tmp_path)
