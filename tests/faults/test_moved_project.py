"""A project is moved, renamed, linked, mounted elsewhere or copied: its registry comes along."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from registered_project import become_another_model, register

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.registry.registry import Registry
from conveyor.tracking.addresses import COLUMNS
from conveyor.tracking.location import uri
from conveyor.tracking.store import connect

PROVENANCE = ("mlflow.source.name",)  # tags that say which script ran, as it was then


def rename(project: Path) -> Path:
    return project.rename(project.with_name("a new name, 100%"))


def mount_elsewhere(project: Path) -> Path:
    """As in a container: other folders above, and the old path is unknown."""
    target = project.parent / "mlruns" / "volume" / "mlruns"
    target.parent.mkdir(parents=True)
    return project.rename(target)


def link(project: Path) -> Path:
    """The project lies where it lay, and is used through a link."""
    (project.parent / "link").symlink_to(project)
    return project.parent / "link"


def leave_a_link(project: Path) -> Path:
    """The project is moved to another disk, and the old path leads there."""
    moved = project.rename(project.with_name("disk"))
    project.symlink_to(moved)
    return moved


def copy(project: Path) -> Path:
    """Both go on, each with its own files."""
    return shutil.copytree(project, project.with_name("copy"))


def move_and_replace(project: Path) -> Path:
    """Another project takes the old place."""
    moved = project.rename(project.with_name("moved"))
    shutil.copytree(moved, project)
    return moved


MOVES: dict[str, Callable[[Path], Path]] = {
    move.__name__: move
    for move in (rename, mount_elsewhere, link, leave_a_link, copy, move_and_replace)
}


def written(folder: Path) -> dict[str, int]:
    """The files below a folder, with the time of their last change."""
    if not folder.is_dir() or folder.is_symlink():
        return {}
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("move", MOVES)
def test_a_moved_project_keeps_its_registry(project: Paths, move: str) -> None:
    connect("toys", project)  # the addresses are those of this place
    old = project.root
    moved = Paths(MOVES[move](old))
    others = {} if move == "link" else written(old)

    served = find_version("toys", moved, alias="champion")  # reads, and mends nothing
    folder = served.fetch(moved)
    assert folder.is_relative_to(moved.root)
    assert (served.version, files.digest_tree(folder)) == ("2", served.digest)

    become_another_model(moved)
    assert register(moved).version == "3"
    registry = Registry("toys", moved)
    for version in registry.versions():
        assert version.fetch(moved).is_relative_to(moved.root)
        assert registry.client.list_artifacts(version.run_id, "model")
    assert others == ({} if move == "link" else written(old))
    assert old.exists() == (move not in ("rename", "mount_elsewhere"))


def test_mlflow_itself_loads_the_champion_of_a_moved_project(project: Paths) -> None:
    connect("toys", project)
    moved = Paths(project.root.rename(project.root.with_name("moved")))
    connect("toys", moved)
    mlflow.set_tracking_uri(uri(moved))
    rows = Prepared(moved.prepared).split("test").rows[:2]
    model = mlflow.pyfunc.load_model("models:/toys@champion")
    answers = model.predict(pd.DataFrame({"series": [row.tolist() for row in rows]}))
    assert len(answers) == 2


def test_no_column_of_the_store_names_the_old_place_after_a_start(
    project: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    connect("toys", project)
    old = str(project.root)
    moved = Paths(project.root.rename(project.root.with_name("moved")))
    caplog.clear()  # of the copy, which has moved too; an earlier test may have set the level
    with caplog.at_level("INFO", "conveyor"):
        connect("toys", moved)
        connect("toys", moved)
    (line,) = caplog.messages  # once
    assert line.startswith("the project was moved: ")
    assert line.endswith(f"not {old}/mlruns")
    with closing(sqlite3.connect(moved.root / "mlflow.db")) as connection:
        tables = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]  # fmt: skip
        columns = [(table, row[1]) for table in tables
                   for row in connection.execute(f"PRAGMA table_info({table})")]  # fmt: skip
        texts = {(table, column): str(row) for table, column in columns
                 for row in connection.execute(f"SELECT * FROM {table} "
                                               f"WHERE instr([{column}], ?)", (f"{old}/",))
                 if not set(PROVENANCE) & set(row)}  # fmt: skip
    assert texts == {}
    assert set(COLUMNS) <= set(columns)  # of this version of MLflow


def test_a_folder_that_somebody_chose_elsewhere_stays(project: Paths) -> None:
    """Its disk may only be unmounted for now."""
    disk = project.root.parent / "disk"
    disk.mkdir()
    client = connect("toys", project).client
    address = (disk / "mlruns" / "big").as_uri()
    client.create_experiment("big", address)
    connect("big", project)
    experiment = client.get_experiment_by_name("big")
    assert experiment is not None
    assert experiment.artifact_location == address


def test_a_store_that_projects_share_keeps_the_addresses_of_each(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("toys", project)
    other = Paths(shutil.copytree(project.root, project.root.with_name("other")))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", files.sqlite_url(project.root / "mlflow.db"))
    tracking = connect("toys", other)
    location = tracking.client.get_experiment(tracking.experiment_id).artifact_location
    assert location == (project.root / "mlruns" / "toys").as_uri()
