"""A project after `train` and `register`, made once; each test gets a copy."""

import shutil
from pathlib import Path

import pytest
import yaml
from registered_project import become_another_model, copy_project, register

from conveyor import files
from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.paths import Paths


@pytest.fixture(scope="session")
def two_versions(
    tmp_path_factory: pytest.TempPathFactory,
    toys: Prepared,
    toy_product: Path,
    toy_config: Config,
    empty_store: Path,
) -> Paths:
    """Version 1 was champion before version 2, whose model is the project's."""
    paths = Paths(tmp_path_factory.mktemp("registered") / "project")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(name, raising=False)
        shutil.copytree(toys.folder, paths.prepared)
        shutil.copytree(toy_product, paths.model)
        shutil.copy(empty_store, paths.root)
        files.write_text(paths.config, yaml.safe_dump(toy_config.model_dump(mode="json")))
        register(paths)
        become_another_model(paths)
        register(paths)
    return paths


@pytest.fixture
def project(two_versions: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A copy of the project with two versions, in `tmp_path / "project"`."""
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    return copy_project(two_versions, tmp_path / "project")
