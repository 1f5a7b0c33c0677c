"""`conveyor.open` of a name: versions, aliases, and what the registry says of them."""

import os
import shutil
from pathlib import Path

import pytest

import conveyor
from conveyor import files, gates
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.serving.digests import write_digests

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])
NO = gates.Verdict([gates.GateResult("bar: accuracy", False, "too <low>", {})])


@pytest.fixture
def project(toy_project: Paths) -> Paths:
    """Version 1, the champion, and version 2, which a gate refused."""
    for verdict in (YES, NO):
        registry = Registry("toys", toy_project)
        registry.apply_verdict(registry.register(Challenger.read(toy_project), verdict))
        card = files.read_json(toy_project.model / "card.json")
        files.write_json(toy_project.model / "card.json", {**card, "flops": card["flops"] + 1})
        write_digests(toy_project.model)
    return toy_project


def test_a_name_opens_a_version_and_its_history(project: Paths) -> None:
    """One test, since it takes seconds to register two models."""
    sources = {"toys": "1", "toys@champion": "1", "toys@challenger": "2", "toys/2": "2",
               "models:/toys@champion": "1", "models:/toys/2": "2"}  # fmt: skip
    for source, version in sources.items():
        model = conveyor.open(source, project=project.root)
        assert (model.name, model.version) == ("toys", version), source
    folder = conveyor.open("artifacts/model", project=project.root)
    assert model.predict([model.example]) == folder.predict([folder.example])
    history = model.history()
    assert list(history.versions.index) == [1, 2]
    assert list(history.versions["aliases"]) == ["champion", "challenger"]
    assert list(history.versions["verdict"]) == ["promoted", "refused"]
    assert list(history.versions["reasons"]) == ["", "too <low>"]
    assert list(history.changes["after"]) == ["1"]
    assert list(history.changes["action"]) == ["promoted"]
    assert "changes of champion" in repr(history)
    assert "too <low>" in repr(history)  # every column is there, on a narrow terminal too
    page = history._repr_html_()
    assert "too &lt;low&gt;" in page
    card = model._repr_html_()
    assert "toys, version 2" in card
    assert "classification" in card
    assert "lstm 6" in card
    assert repr(model) == "<toys, version 2: classification of series>"
    bad = {
        "toys@gone": "no alias 'gone' of a model 'toys' (aliases: challenger, champion)",
        "toys/9": "toys has no version '9'; there are: 1, 2",
        "other": "other: no such folder, and the registry has no alias 'champion'",
        "models:/": "models:/: expected a model folder such as artifacts/model",
        "artifacts/gone": "artifacts/gone: expected a model folder",
        "data": "data: expected a folder with card.json",
    }
    for source, message in bad.items():
        with pytest.raises(InputError) as raised:
            conveyor.open(source, project=project.root)
        assert message in str(raised.value)
    with pytest.raises(InputError, match=r"history: expected a registered model.*open\('toys'\)"):
        folder.history()


def test_a_folder_of_a_project_opens_below_it(
    tmp_path: Path, toy_product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook runs in the folder where it lies."""
    shutil.copytree(toy_product, tmp_path / "artifacts/model")
    for mark in ("dvc.yaml", "pipeline/__init__.py", "docs/notebooks/here"):
        files.write_text(tmp_path / mark, "")
    monkeypatch.chdir(tmp_path / "docs/notebooks")
    assert conveyor.open("artifacts/model").name == "toys"
    with pytest.raises(InputError, match="there is no MLflow store sqlite"):
        conveyor.open("toys@champion")
    assert not (tmp_path / "mlflow.db").exists()
    assert os.listdir(tmp_path / "docs/notebooks") == ["here"]
