"""A project works in a folder of any name: stores, artifacts and versions lie inside it."""

import shutil
from pathlib import Path

import optuna
import pytest
from test_registry import YES, register

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.sweep.storage import FileStore
from conveyor.tracking.location import sqlite_file, uri
from conveyor.tracking.store import connect

NAMES = ["with space", "build%20server", "feature%2Fmerge", "100%", "what?", "a?b=c", "no#1",
         "é 名", "a&b=c;d,e", "it's", "user@host:1", "[x]"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_runs_versions_and_studies_stay_inside_a_folder_of_any_name(
    name: str, toys: Prepared, toy_product: Path, empty_store: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for variable in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    paths = Paths(tmp_path / name)
    shutil.copytree(toys.folder, paths.prepared)
    shutil.copytree(toy_product, paths.model)
    shutil.copy(empty_store, paths.root)
    registry, version = register(paths, YES)
    served = find_version("toys", paths, alias="champion")
    assert served.version == version.version == "1"
    folder = served.fetch(paths)
    assert folder.is_relative_to(paths.root)
    assert files.digest_tree(folder) == version.digest
    artifact = registry.client.download_artifacts(version.run_id, "model/card.json")
    assert files.digest_file(Path(artifact)) == files.digest_file(paths.model / "card.json")
    store = FileStore(paths.scratch, "key", "sqlite")
    optuna.create_study(study_name="key", storage=store.open())
    assert store.exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["build%20server", "what?"])
def test_a_new_store_is_made_inside_a_folder_of_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    paths = Paths(tmp_path / name)
    connect("toys", paths)
    assert sqlite_file(uri(paths)) == paths.root / "mlflow.db"
    assert (paths.root / "mlflow.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
