"""A folder that is damaged, or that another version wrote, is refused in one sentence.

The sentence names the file, what was expected, what is there, and the command that makes it anew.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor import files, gates
from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.registry.champion import load_champion
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.server.live_model import load_folder
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests
from conveyor.stored import FormatError
from conveyor.tracking.runs import MODEL_DIGEST

OLD_META = Path(__file__).parents[1] / "registry" / "db30c09" / "meta.json"
YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
Damage = Callable[[Path], None]  # of a folder


def change(name: str, **values: Any) -> Damage:
    """Other values in a JSON file; None removes one."""

    def damage(folder: Path) -> None:
        content = files.read_json(folder / name) | values
        removed = [key for key, value in values.items() if value is None]
        files.write_json(folder / name, {k: v for k, v in content.items() if k not in removed})

    return damage


def remove(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Damage:
    """Keep half of a file, as a copy that broke off."""

    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def write(name: str, text: str) -> Damage:
    return lambda folder: files.write_text(folder / name, text)


UNKNOWN_TASK = {"task": "weather", "columns": ["rain"]}
CLASSES = {"task": "classification", "classes": ["down", "up"]}
MODELS: dict[str, tuple[Damage, str]] = {
    "a newer format": (change("card.json", format=3), "expected format 1 or 2; got format 3"),
    "a format that is no number": (change("card.json", format="two"), "got format two"),
    "an unknown task": (change("card.json", target=UNKNOWN_TASK), "card.json: target.*'weather'"),
    "no target": (change("card.json", target=None), "target: expected a value; got none"),
    "the first format without classes": (
        change("card.json", target=None, format=None), "target: expected a value; got none",
    ),
    "both formats at once": (
        change("card.json", classes=["down", "up"]), r"expected no key 'classes'; got \"\['down'",
    ),
    "an unknown key": (change("card.json", colour="red"), "expected no key 'colour'; got 'red'"),
    "an unknown key of the target": (
        change("card.json", target={**CLASSES, "unit": "m"}), r"expected no key 'target.unit'",
    ),
    "an unknown kind of rows": (change("card.json", kind="image"), "kind: expected .*got 'image'"),
    "no card": (remove("card.json"), "card.json: expected a file; got none"),
    "half a card": (cut("card.json"), "card.json: expected JSON; got a damaged file"),
    "a card that is a list": (write("card.json", "[1]"), r"expected a JSON object; got '\[1\]'"),
    "no graph": (remove("model.onnx"), "model.onnx: expected a file; got none"),
    "half a graph": (cut("model.onnx"), "model.onnx: expected a graph that ONNX Runtime loads"),
    "no encoder": (remove("encoder.json"), "encoder.json: expected a file; got none"),
    "half an encoder": (cut("encoder.json"), "encoder.json: expected JSON"),
    "an unknown encoder": (
        change("encoder.json", kind="image"), "kind: expected 'text', .* got 'image'",
    ),
    "an encoder without a value": (
        change("encoder.json", scale=None), "expected a series encoder; got KeyError: 'scale'",
    ),
}  # fmt: skip
PREPARED: dict[str, tuple[Damage, str]] = {
    "the first format": (
        lambda folder: files.write_bytes(folder / "meta.json", OLD_META.read_bytes()),
        "meta.json: expected format 2; got format 1",
    ),
    "a newer format": (change("meta.json", format=3), "expected format 2; got format 3"),
    "an unknown task": (change("meta.json", target=UNKNOWN_TASK), "meta.json: target.*'weather'"),
    "no target": (change("meta.json", target=None), "target: expected a value; got none"),
    "an unknown key": (change("meta.json", colour="red"), "expected no key 'colour'; got 'red'"),
    "no description": (remove("meta.json"), "meta.json: expected a file; got none"),
    "half a description": (cut("meta.json"), "expected JSON; got a damaged file"),
    "half an encoder": (cut("encoder.json"), "encoder.json: expected JSON"),
}


def copy(folder: Path, target: Path, damage: Damage) -> Path:
    shutil.copytree(folder, target)
    damage(target)
    return target


@pytest.mark.parametrize("name", MODELS)
def test_a_model_folder_is_refused(name: str, toy_product: Path, tmp_path: Path) -> None:
    damage, problem = MODELS[name]
    folder = copy(toy_product, tmp_path / "model", damage)
    write_digests(folder)  # another program wrote it so; tests/faults damages files later
    sentence = (
        rf"{problem}.*\. Run `dvc repro train`, which makes it anew, or name another folder\."
    )
    for load in (LoadedModel.load, lambda folder: load_folder(folder, None)):
        with pytest.raises(InputError, match=sentence) as refusal:
            load(folder)
        assert str(folder) in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", PREPARED)
def test_prepared_data_are_refused(name: str, toys: Prepared, tmp_path: Path) -> None:
    damage, problem = PREPARED[name]
    folder = copy(toys.folder, tmp_path / "prepared", damage)
    sentence = rf"{problem}.*\. Run `dvc repro prepare`, which makes it anew\."
    with pytest.raises(FormatError, match=sentence) as refusal:
        _ = Prepared(folder).encoder
    assert "\n" not in str(refusal.value)


@pytest.fixture
def project(toy_project: Paths, toy_config: Config) -> Paths:
    files.write_text(toy_project.config, yaml.safe_dump(toy_config.model_dump(mode="json")))
    return toy_project


@pytest.mark.parametrize(
    ("command", "damaged", "way_out"),
    [
        (["serve", "--model", "artifacts/model"], "artifacts/model/card.json", "dvc repro train"),
        (["predict", "rows.csv", "out.csv"], "artifacts/model/card.json", "dvc repro train"),
        (["evaluate"], "artifacts/model/card.json", "dvc repro train"),
        (["register"], "artifacts/model/card.json", "dvc repro train"),
        (["register"], "data/prepared/meta.json", "dvc repro prepare"),
        (["describe"], "data/prepared/meta.json", "dvc repro prepare"),
    ],
)
def test_a_command_prints_the_sentence_and_exits_with_2(
    project: Paths, command: list[str], damaged: str, way_out: str
) -> None:
    file = project.root / damaged
    change(file.name, format=3)(file.parent)
    write_digests(project.model)
    done = subprocess.run(
        [sys.executable, "-m", f"pipeline.{command[0]}", *command[1:]], cwd=project.root,
        env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.INPUT_REFUSED
    lines = done.stderr.strip().splitlines()
    assert f"{damaged}: expected format" in lines[-1]
    assert f"got format 3. Run `{way_out}`" in lines[-1]
    assert "Traceback" not in done.stderr


def test_a_champion_that_cannot_be_loaded_is_named(project: Paths) -> None:
    registry = Registry("toys", project)
    registry.apply_verdict(registry.register(Challenger.read(project), YES))
    champion = registry.champion()
    assert champion is not None
    folder = champion.fetch(project)
    change("card.json", format=3)(folder)
    write_digests(folder)
    registry.set_tags(champion.version, {MODEL_DIGEST: files.digest_tree(folder)})
    with pytest.raises(InputError, match=r"version 1, the champion: .* got format 3\. Restore its"):
        load_champion(registry.version(champion.version), project)
