"""A version read from SQLite is the one that MLflow gives, and MLflow is not loaded for it."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conveyor import files, gates
from conveyor.config import ConfigError
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.package import Candidate
from conveyor.registry.registry import Registry
from conveyor.tracking import local
from conveyor.tracking.location import model_name
from conveyor.tracking.watch import by_mlflow, deployed

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, toy_product: Path) -> Iterator[Paths]:
    """Version 1 is champion; version 2, of another graph, is challenger."""
    paths = Paths(tmp_path_factory.mktemp("registered"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(name, raising=False)
        shutil.copytree(toy_product, paths.model)
        registry = Registry("toys", paths)
        for graph in (None, b"other"):
            if graph:
                files.write_bytes(paths.model / "model.onnx", graph)
            digest = files.digest_tree(paths.model)
            candidate = Candidate(paths.model, digest, "series", [[1.0, 2.0]])
            registry.apply_verdict(registry.register(candidate, YES))
        registry.set_champion("1", "rollback", "so that the newest is not the one that serves")
        yield paths


@pytest.fixture
def two_versions(registered: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A project with a copy of that store, whose files are where they were."""
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(registered.root / "mlflow.db", tmp_path)
    return Paths(tmp_path)


def test_it_finds_what_mlflow_finds(two_versions: Paths) -> None:
    for asked in ({"alias": "champion"}, {"alias": "challenger"}, {"alias": "", "version": "2"}):
        found = local.find("toys", two_versions, **asked)
        assert found == by_mlflow("toys", two_versions, **{"version": None, **asked})
        assert found is not None
        assert (found.folder / "model.onnx").is_file()
    graphs = [(deployed("toys", two_versions, alias=alias).folder / "model.onnx").read_bytes()
              for alias in ("champion", "challenger")]  # fmt: skip
    assert graphs[0] != graphs[1] == b"other"


def test_mlflow_is_not_loaded_for_it(two_versions: Paths) -> None:
    command = "import runpy, sys; runpy.run_module('conveyor.tracking.watch', run_name='__main__')"
    heavy = f"{command}; sys.exit('mlflow' in sys.modules or 'pydantic' in sys.modules)"
    files.write_text(two_versions.config, "name: toys\n")
    told = subprocess.run([sys.executable, "-c", heavy, "--alias", "champion"], check=True,
                          cwd=two_versions.root, capture_output=True)  # fmt: skip
    assert json.loads(told.stdout)["version"] == "1"


def store(paths: Paths, statement: str) -> None:
    with sqlite3.connect(paths.root / "mlflow.db") as opened:
        opened.execute(statement)
    opened.close()


MISTAKES: dict[str, Callable[[Paths], object]] = {
    "deleted": lambda p: Registry("toys", p).client.delete_model_version("toys", "1"),
    "not ready": lambda p: store(p, "UPDATE model_versions SET status = 'PENDING_REGISTRATION'"),
    "elsewhere": lambda p: store(p, "UPDATE model_versions SET storage_location = 's3://a/b'"),
    "a host": lambda p: store(
        p, "UPDATE model_versions SET storage_location ="
        " replace(storage_location, 'file://', 'file://there')"),
    "no files": lambda p: store(
        p, "UPDATE model_versions SET storage_location = storage_location || '/gone'"),
    "another workspace": lambda p: store(
        p, "UPDATE registered_model_aliases SET workspace = 'other'"),
    "another MLflow": lambda p: store(p, "ALTER TABLE model_versions RENAME TO versions"),
    "no store": lambda p: (p.root / "mlflow.db").unlink(),
    "no SQLite": lambda p: (p.root / "mlflow.db").write_bytes(b"no database " * 99),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_not_plain_is_left_to_mlflow(two_versions: Paths, mistake: str) -> None:
    assert local.find("toys", two_versions, alias="champion") is not None
    MISTAKES[mistake](two_versions)
    assert local.find("toys", two_versions, alias="champion") is None


def test_a_version_that_was_deleted_is_not_found_by_its_number(two_versions: Paths) -> None:
    assert local.find("toys", two_versions, alias="", version="1") is not None
    Registry("toys", two_versions).client.delete_model_version("toys", "1")
    assert local.find("toys", two_versions, alias="", version="1") is None


def test_a_store_on_a_server_is_left_to_mlflow(
    two_versions: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert local.find("toys", two_versions, alias="champion") is None


def test_what_mlflow_does_not_find_either_is_told(two_versions: Paths) -> None:
    with pytest.raises(InputError, match=r"no alias 'best' .*\(aliases: challenger, champion"):
        deployed("toys", two_versions, alias="best")


def test_a_version_that_is_known_is_not_fetched_again(
    two_versions: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = by_mlflow("toys", two_versions, alias="champion", version=None)
    monkeypatch.setattr("conveyor.registry.model_version.ModelVersion.fetch", None)
    again = by_mlflow("toys", two_versions, alias="champion", version=None, known=known)
    assert again is known


def test_the_name_is_read_alone_and_its_absence_is_told(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with pytest.raises(ConfigError, match="is missing; run `dvc repro compose`"):
        model_name(paths)
    files.write_text(paths.config, "name: toys\nmodel: of another Conveyor\n")
    assert model_name(paths) == "toys"
    files.write_text(paths.config, "seed: 1\n")
    with pytest.raises(ConfigError, match="name: missing"):
        model_name(paths)
