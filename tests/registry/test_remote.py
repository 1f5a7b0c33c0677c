"""A store behind MLflow's own server: the same registry, and its files fetched once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_server import MlflowServer
from test_registry import YES, become_another_model, register

from conveyor import files
from conveyor.paths import Paths
from conveyor.registry.model_version import VersionError, find_version
from conveyor.registry.registry import Registry


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """An MLflow server that runs."""
    started = MlflowServer(tmp_path_factory.mktemp("server"))
    started.start()
    yield started
    started.kill()


def test_versions_of_a_server_are_fetched_once_and_few_are_kept(
    server: MlflowServer, toy_project: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    monkeypatch.setattr("conveyor.registry.model_version.CACHED_VERSIONS", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    digest = files.digest_tree(toy_project.model)
    (toy_project.root / "mlflow.db").unlink()
    registry, _ = register(toy_project, YES)
    assert isinstance(registry, Registry)
    assert not (toy_project.root / "mlflow.db").exists()
    champion = registry.champion()
    assert champion is not None
    model = champion.fetch(toy_project)
    assert champion.digest == digest == files.digest_tree(model)
    left = set((tmp_path / "temporary").iterdir())
    (model.parent / "mark").touch()  # would be gone if it were fetched again
    again = find_version("toys", toy_project, alias="champion")
    assert (again.version, again.fetch(toy_project)) == ("1", model)
    assert (model.parent / "mark").is_file()
    (model / "model.onnx").write_bytes(b"damaged")
    assert files.digest_tree(again.fetch(toy_project)) == digest
    assert not (model.parent / "mark").exists()
    assert set((tmp_path / "temporary").iterdir()) == left

    become_another_model(toy_project)
    register(toy_project, YES)
    newest = registry.version("2").fetch(toy_project)
    graphs = [*(toy_project.root / ".conveyor/versions").rglob("model.onnx")]
    assert graphs == [newest / "model.onnx"]

    shutil.rmtree(server.folder / "artifacts")  # on the server's disk
    shutil.rmtree(toy_project.root / ".conveyor/versions")
    with pytest.raises(VersionError, match="version 2 of toys: its files are missing at mlflow-"):
        registry.version("2").fetch(toy_project)
