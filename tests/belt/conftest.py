"""A project after its first night, which the tests of a module change in turn."""

import pytest
from clone import Clone
from planted import MARK, Planted, secret

BAD_STORE = f"postgresql://me:{secret('store url')}@127.0.0.1:9/mlflow"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, list[str]]:
    """A fresh clone after its first `retrain`, and what was written or printed of the secrets that
    were planted before."""
    project = Clone.make(tmp_path_factory.mktemp("clone"))
    planted = Planted.plant(project)
    done = project.run("python", "-m", "pipeline.retrain", **planted.variables)
    assert done.code == 0, done.text
    assert done.ran() == ["compose", "prepare", "sweep", "train", "evaluate", "register"]
    assert "version 1 is the new champion" in done.text
    why = project.run("python", "-m", "pipeline.promote", "why", "1", **planted.variables)
    store = {**planted.variables, "MLFLOW_TRACKING_URI": BAD_STORE}
    examined = project.run("python", "-m", "pipeline.doctor", **store)
    assert (why.code, examined.code) == (0, 1)
    outputs = (done.text, why.text, examined.text)
    leaks = [text for text in outputs if MARK in text] + planted.find_leaks(project)
    planted.remove(project)
    project.commit("first night")
    return project, leaks


@pytest.fixture(scope="module")
def clone(first_night: tuple[Clone, list[str]]) -> Clone:
    return first_night[0]
