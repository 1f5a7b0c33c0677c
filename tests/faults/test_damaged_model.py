"""A model whose files are not those that were trained and registered answers no request."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from registered_project import become_another_model, register

from conveyor import files
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.champion import load_champion
from conveyor.registry.model_version import champion_settings, find_version
from conveyor.registry.registry import Registry
from conveyor.server.alias_poller import AliasPoller
from conveyor.server.live_model import ModelSlot, load_folder
from conveyor.serving import LoadedModel
from conveyor.serving.digests import DIGESTS
from pipeline import predict

WAY_ON = "Restore them, or name another version. If it is the champion, `python -m pipeline"


def flip_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2])


def remove(file: Path) -> None:
    file.unlink()


def served(paths: Paths) -> object:
    poller = AliasPoller(ModelSlot("toys"), "champion", None, paths)
    poller.poll()
    if poller.failure is not None:
        raise InputError(poller.failure)
    return poller.slot.current


def predicted(paths: Paths) -> object:
    options = argparse.Namespace(model=None, version=None, alias="champion", name="toys")
    return LoadedModel.load(predict.model_folder(options, paths))


def compared(paths: Paths) -> object:
    champion = Registry("toys", paths).champion()
    assert champion is not None
    return load_champion(champion, paths)


LOADS: dict[str, Callable[[Paths], object]] = {
    "serve": served,
    "predict --alias": predicted,
    "register and retrain": compared,
    "a sweep that starts with the champion's parameters": lambda p: champion_settings("toys", p),
}


@pytest.mark.parametrize("load", LOADS)
def test_a_damaged_champion_is_refused_by_all_that_load_it(project: Paths, load: str) -> None:
    assert LOADS[load](project)
    model = find_version("toys", project, alias="champion").fetch(project)
    flip_byte(model / "model.onnx")
    with pytest.raises(InputError) as refusal:
        LOADS[load](project)
    message = str(refusal.value)
    assert f"version 2 of toys: its files are damaged (model.onnx) at {model}. {WAY_ON}" in message
    assert "\n" not in message


@pytest.mark.parametrize("damage", [flip_byte, cut_off, remove])
def test_each_file_of_a_version_is_checked(project: Paths, damage: Callable[[Path], None]) -> None:
    version = find_version("toys", project, alias="champion")
    model = version.fetch(project)
    names = sorted(path.name for path in model.iterdir())
    assert DIGESTS in names
    for name in names:
        content = (model / name).read_bytes()
        damage(model / name)
        with pytest.raises(InputError, match="its files are damaged"):
            version.fetch(project)
        (model / name).write_bytes(content)
    assert version.fetch(project) == model


@pytest.mark.parametrize("damage", [flip_byte, cut_off, remove])
def test_each_file_of_a_folder_without_a_registry_is_checked(
    project: Paths, damage: Callable[[Path], None]
) -> None:
    for file in sorted(project.model.iterdir()):
        if file.name == DIGESTS and damage is remove:
            continue  # as a folder of an earlier version of the program
        content = file.read_bytes()
        damage(file)
        for load in (LoadedModel.load, lambda folder: load_folder(folder, None)):
            with pytest.raises(InputError, match=r"Run `dvc repro train`") as refusal:
                load(project.model)
            assert str(project.model) in str(refusal.value)
        file.write_bytes(content)
    assert LoadedModel.load(project.model)


def test_a_file_too_many_is_refused_in_a_version(project: Paths) -> None:
    version = find_version("toys", project, alias="champion")
    files.write_text(version.fetch(project) / "another.txt", "")
    with pytest.raises(InputError, match=r"damaged \(not those that were registered\)"):
        version.fetch(project)


def test_a_server_keeps_its_model_when_the_alias_moves_to_a_damaged_one(
    project: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    poller = AliasPoller(ModelSlot("toys"), "champion", None, project)
    poller.poll()
    become_another_model(project)
    register(project)
    model = find_version("toys", project, alias="champion").fetch(project)
    flip_byte(model / "encoder.json")
    with caplog.at_level(logging.ERROR, "conveyor"):
        poller.poll()
        poller.poll()
    (line,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert "version 3 of toys: its files are damaged (encoder.json)" in line
    assert line.endswith("version 2 still serves")
    assert poller.slot.current is not None
    assert poller.slot.current.version == "2"
