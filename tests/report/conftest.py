"""The project whose page the tests read."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from project import write_project

from conveyor.config import Config
from conveyor.paths import Paths
from conveyor.retraining import dvc


@pytest.fixture(scope="session")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    toy_product: Path,
    empty_store: Path,
    toy_config: Config,
) -> Path:
    """A project after its belt; each text in it is a nasty label. Copy it to change it."""
    root = tmp_path_factory.mktemp("finished")
    write_project(root, toy_product, empty_store, toy_config)
    return root


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    # The folder is no repository of DVC's, which would take a second each time to say so.
    monkeypatch.setattr(dvc, "read_status", lambda paths: {})
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return Paths(tmp_path)
