"""Every command on every state of the registry: a right answer, or one clear error."""

import argparse
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_registry import NO, YES, become_another_model, register

from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.model_version import find_version
from conveyor.registry.registry import Registry
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.tracking.retraining import retrain_run
from pipeline import describe, predict, promote
from pipeline import register as register_stage


def nothing(paths: Paths) -> None:
    """No version was ever registered."""


def refused_only(paths: Paths) -> None:
    register(paths, NO)


def champion(paths: Paths) -> None:
    register(paths, YES)


def rolled_back(paths: Paths) -> None:
    """Version 1 serves again after version 2."""
    register(paths, YES)
    become_another_model(paths)
    registry, _ = register(paths, YES)
    registry.set_champion("1", "rolled back", "it is slow")


def champion_deleted(paths: Paths) -> None:
    """Version 1 served and was deleted in MLflow."""
    registry, _ = register(paths, YES)
    registry.client.delete_model_version("toys", "1")


def earlier_champion_deleted(paths: Paths) -> None:
    """Version 3 serves; 2, which served before, was deleted; 1 served before that."""
    for _ in range(3):
        registry, _ = register(paths, YES)
        become_another_model(paths)
    registry.client.delete_model_version("toys", "2")


def files_deleted(paths: Paths) -> None:
    """Version 1 serves, and its files are gone."""
    register(paths, YES)
    shutil.rmtree(paths.root / "mlruns")


def model_deleted(paths: Paths) -> None:
    """The registered model was deleted with all its versions."""
    registry, _ = register(paths, YES)
    registry.client.delete_registered_model("toys")


STATES: dict[str, Callable[[Paths], None]] = {
    state.__name__: state
    for state in (nothing, refused_only, champion, rolled_back, champion_deleted,
                  earlier_champion_deleted, files_deleted, model_deleted)
}  # fmt: skip


def run_register(config: Config, paths: Paths) -> str:
    register_stage.register(config, paths)
    return str(Registry("toys", paths).aliases().get("champion"))


def run_retrain(config: Config, paths: Paths) -> str:
    with retrain_run("toys", paths) as run:
        monitor = ChampionMonitor(config, paths, run)
        monitor.save_profile()
        return str(monitor.review().inputs.champion)


def run_promote(action: str, version: str | None = None) -> Callable[[Config, Paths], str]:
    def run(config: Config, paths: Paths) -> str:
        options = argparse.Namespace(
            action=action, version=version, to=None, force=False, reason=None
        )
        assert promote.run_action(options, config, paths) is None
        return str(Registry("toys", paths).aliases().get("champion"))

    return run


def run_serve(config: Config, paths: Paths) -> str:
    version = find_version(config.name, paths, alias="champion")
    assert (version.fetch(paths) / "model.onnx").is_file()
    return version.version


def run_predict(config: Config, paths: Paths) -> str:
    options = argparse.Namespace(model=None, version="1", alias=None, name="toys")
    return str((predict.model_folder(options, paths) / "model.onnx").is_file())


def run_describe(config: Config, paths: Paths) -> str:
    describe.describe_model(config, paths, swept=False)
    return "described"


ACTIONS: dict[str, Callable[[Config, Paths], str]] = {
    "register": run_register,
    "retrain": run_retrain,
    "promote": run_promote("1"),
    "rollback": run_promote("rollback"),
    "why": run_promote("why", "1"),
    "history": run_promote("history"),
    "serve": run_serve,
    "predict": run_predict,
    "describe": run_describe,
}
NO_VERSION = "toys has no version '1'; there are: none"
NO_CHAMPION = "toys has no champion; promote a version first"
NO_ALIAS = "no alias 'champion' of a model 'toys'"
NO_FILES = "version 1 of toys: its files are missing"
# The champion afterwards, what a command prints or gives, or the error it ends with.
EXPECTED: dict[str, dict[str, str | tuple[str]]] = {
    "nothing": {
        "register": "1", "retrain": "None", "promote": (NO_VERSION,), "rollback": (NO_CHAMPION,),
        "why": (NO_VERSION,), "history": "None", "serve": (NO_ALIAS,), "predict": (NO_VERSION,),
    },
    "refused_only": {
        "register": "None", "retrain": "None", "promote": ("did not pass the gates: too low",),
        "rollback": (NO_CHAMPION,), "why": "None", "history": "None", "serve": (NO_ALIAS,),
        "predict": "True",
    },
    "champion": {
        "register": "1", "retrain": "1", "promote": "1", "rollback": ("nothing to roll back to",),
        "why": "1", "history": "1", "serve": "1", "predict": "True",
    },
    "rolled_back": {
        "register": "1", "retrain": "1", "promote": "1", "rollback": ("nothing to roll back to",),
        "why": "1", "history": "1", "serve": "1", "predict": "True",
    },
    "champion_deleted": {
        "register": "2", "retrain": "None", "promote": (NO_VERSION,), "rollback": (NO_CHAMPION,),
        "why": (NO_VERSION,), "history": "None", "serve": (NO_ALIAS,), "predict": (NO_VERSION,),
    },
    "earlier_champion_deleted": {
        "register": "3", "retrain": "3", "promote": "1", "rollback": "1",
        "why": "3", "history": "3", "serve": "3", "predict": "True",
    },
    "files_deleted": {
        "register": "2", "retrain": "None", "promote": "1",
        "rollback": ("nothing to roll back to",), "why": "1", "history": "1",
        "serve": (NO_FILES,), "predict": (NO_FILES,),
    },
    "model_deleted": {
        "register": "1", "retrain": "None", "promote": (NO_VERSION,), "rollback": (NO_CHAMPION,),
        "why": (NO_VERSION,), "history": "None", "serve": (NO_ALIAS,), "predict": (NO_VERSION,),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def projects(
    tmp_path_factory: pytest.TempPathFactory, toys: Prepared, toy_product: Path, empty_store: Path
) -> Iterator[Callable[[str], Paths]]:
    """A project in each state, made once."""
    made: dict[str, Paths] = {}

    def project(state: str) -> Paths:
        if state not in made:
            paths = made[state] = Paths(tmp_path_factory.mktemp(state))
            shutil.copytree(toys.folder, paths.prepared)
            shutil.copytree(toy_product, paths.model)
            shutil.copy(empty_store, paths.root)
            STATES[state](paths)
        return made[state]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(name, raising=False)
        yield project


@pytest.fixture(scope="module")
def state_config(toy_config: Config) -> Config:
    waived = {"waived": "no baselines here"}
    return overlay(toy_config, {"gates.data": None, "gates.must_beat_baselines": waived})


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", STATES)
def test_each_command_on_each_state_answers_or_ends_in_one_clear_error(
    projects: Callable[[str], Paths], state_config: Config, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], state: str, action: str,
) -> None:  # fmt: skip
    """On a copy of the state whose version files stay where they are."""
    shutil.copytree(projects(state).root, tmp_path, dirs_exist_ok=True)
    paths = Paths(tmp_path)
    expected: Any = EXPECTED[state].get(action, "described")
    if isinstance(expected, tuple):
        with pytest.raises(InputError) as error:
            ACTIONS[action](state_config, paths)
        assert expected[0] in str(error.value)
        assert len(str(error.value).splitlines()) == 1
    else:
        assert ACTIONS[action](state_config, paths) == expected
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize("state", STATES)
def test_a_second_registration_changes_nothing(
    projects: Callable[[str], Paths], state_config: Config, tmp_path: Path, state: str
) -> None:
    shutil.copytree(projects(state).root, tmp_path, dirs_exist_ok=True)
    paths = Paths(tmp_path)
    register_stage.register(state_config, paths)
    registry, receipt = Registry("toys", paths), paths.receipt.read_bytes()
    before = registry.aliases(), registry.history.changes()
    register_stage.register(state_config, paths)
    assert (registry.aliases(), registry.history.changes(), paths.receipt.read_bytes()) == (
        *before,
        receipt,
    )
