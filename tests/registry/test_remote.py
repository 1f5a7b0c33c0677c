"""A store behind MLflow's own server: the same registry, and its files fetched once."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_registry import YES, become_another_model, register

from conveyor import files
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.registry.registry import Registry


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server that hands out its artifacts itself."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
               "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
               "--artifacts-destination", str(folder / "artifacts")]  # fmt: skip
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    found = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    running = subprocess.Popen(
        command, cwd=folder, env={**found, **quiet}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
            break
        except OSError:
            assert running.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.1)
    yield address
    os.killpg(running.pid, 15)
    running.wait()


def test_versions_of_a_server_are_fetched_once_and_few_are_kept(
    server: str, toy_project: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setattr("conveyor.registry.model_version.CACHED_VERSIONS", 2)
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

    for version in ("2", "3"):
        become_another_model(toy_project)
        register(toy_project, YES)
        registry.version(version).fetch(toy_project)
    assert len(list((toy_project.root / ".conveyor/versions").iterdir())) == 2
    assert not model.exists()
