import shutil

import pytest
from odd_files import ROOT

from conveyor.paths import Paths


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project folder with the configuration of this one."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "conf", root / "conf")
    return Paths(root)
