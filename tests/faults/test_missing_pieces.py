"""What a person may delete or move, in MLflow's pages or on disk, and what each command does then.

Each command works, or ends in one line that says what is missing and what to do about it.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import gc
from registered_project import copy_project

from conveyor.config import Config, overlay
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.registry.model_version import champion_settings, find_version
from conveyor.registry.registry import Registry
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.server.alias_poller import AliasPoller
from conveyor.server.live_model import ModelSlot
from conveyor.serving import LoadedModel
from conveyor.tracking.location import home, uri
from conveyor.tracking.retraining import retrain_run
from conveyor.tracking.store import connect
from pipeline import predict, promote
from pipeline import register as register_stage


def client(paths: Paths) -> MlflowClient:
    return MlflowClient(uri(paths), uri(paths))


def train_run(paths: Paths, version: str = "2") -> str:
    return str(client(paths).get_model_version("toys", version).run_id)


def package(paths: Paths, version: str = "2") -> Path:
    """The folder of a version in mlruns/."""
    return find_version("toys", paths, version=version).fetch(paths).parents[1]


def collect_garbage(paths: Paths) -> None:
    """`mlflow gc`: what was deleted is gone for ever, with its artifacts."""
    options = ["--backend-store-uri", uri(paths), "--tracking-uri", uri(paths)]
    done = CliRunner().invoke(gc, options)
    assert done.exit_code == 0, done.output


def nothing(paths: Paths) -> None:
    """All is whole: version 2 serves, version 1 served before."""


def alias(paths: Paths) -> None:
    client(paths).delete_registered_model_alias("toys", "champion")


def version(paths: Paths) -> None:
    client(paths).delete_model_version("toys", "2")


def all_versions(paths: Paths) -> None:
    for number in ("1", "2"):
        client(paths).delete_model_version("toys", number)


def model(paths: Paths) -> None:
    client(paths).delete_registered_model("toys")


def run(paths: Paths) -> None:
    client(paths).delete_run(train_run(paths))


def run_for_ever(paths: Paths) -> None:
    run(paths)
    collect_garbage(paths)


def experiment(paths: Paths) -> None:
    experiment = client(paths).get_experiment_by_name("toys")
    assert experiment is not None
    client(paths).delete_experiment(experiment.experiment_id)


def experiment_for_ever(paths: Paths) -> None:
    experiment(paths)
    collect_garbage(paths)


def logged_model_for_ever(paths: Paths) -> None:
    """Deleted on the page of models of the experiment."""
    folder = package(paths)
    client(paths).delete_logged_model(folder.parent.name)
    collect_garbage(paths)


def package_of_the_champion(paths: Paths) -> None:
    """Its folder in mlruns/ was deleted to free the disk."""
    shutil.rmtree(package(paths))


def package_moved(paths: Paths) -> None:
    package(paths).rename(paths.root / "backup")


def a_byte_of_the_champion(paths: Paths) -> None:
    file = find_version("toys", paths, version="2").fetch(paths) / "model.onnx"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)


def artifacts_of_the_run(paths: Paths) -> None:
    shutil.rmtree(home(paths) / "mlruns" / "toys" / train_run(paths))


def all_artifacts(paths: Paths) -> None:
    shutil.rmtree(home(paths) / "mlruns")


def database(paths: Paths) -> None:
    (paths.root / "mlflow.db").unlink()


def database_emptied(paths: Paths) -> None:
    (paths.root / "mlflow.db").write_bytes(b"")


def database_damaged(paths: Paths) -> None:
    (paths.root / "mlflow.db").write_bytes(b"this is no database" * 100)


def all_of_mlflow(paths: Paths) -> None:
    database(paths)
    all_artifacts(paths)


def model_folder(paths: Paths) -> None:
    shutil.rmtree(paths.model)


Piece = Callable[[Paths], None]
Command = Callable[[Config, Paths], str]


def serve(config: Config, paths: Paths) -> str:
    poller = AliasPoller(ModelSlot(config.name), "champion", None, paths)
    poller.poll()
    if poller.slot.current is None:
        raise InputError(str(poller.failure))
    return poller.slot.current.version


def predict_alias(config: Config, paths: Paths) -> str:
    options = argparse.Namespace(model=None, version=None, alias="champion", name=config.name)
    LoadedModel.load(predict.model_folder(options, paths))
    return "predicts"


def register(config: Config, paths: Paths) -> str:
    """The stage, as `dvc repro` runs it. Returns the champion."""
    register_stage.register(config, paths)
    assert paths.receipt.is_file()
    return serve(config, paths)


class JobWithoutDvc(Job):
    """Runs the stage `register` in this process, where the job would run DVC."""

    def _register(self) -> None:
        register_stage.register(self.config, self.paths)


def retrain(config: Config, paths: Paths) -> str:
    """A night without news. Returns exit code and champion; a second night finds nothing to do."""

    def night() -> RetrainOutcome:
        with retrain_run(config.name, paths) as run:
            return JobWithoutDvc(config, paths, ChampionMonitor(config, paths, run)).run(set())

    outcome = night()
    assert "\n" not in outcome.message
    if outcome.code != ExitCode.NOT_PROMOTED:
        assert night().code == ExitCode.NOTHING_TO_DO
    return f"{int(outcome.code)}, {serve(config, paths)}"


def review(config: Config, paths: Paths) -> str:
    """A night with news, before its training. Returns the champion that the review knows."""
    with retrain_run(config.name, paths) as run:
        monitor = ChampionMonitor(config, paths, run)
        monitor.save_profile()
        return str(monitor.review().inputs.champion)


def by_hand(action: str, number: str | None = None, **options: str) -> Command:
    def command(config: Config, paths: Paths) -> str:
        arguments = {"to": None, "force": False, "reason": None, **options}
        args = argparse.Namespace(action=action, version=number, **arguments)
        assert promote.run_action(args, config, paths) is None
        return str(Registry(config.name, paths).aliases().get("champion"))

    return command


def warm_start(config: Config, paths: Paths) -> str:
    return "settings" if champion_settings(config.name, paths) else "none"


PIECES: dict[str, Piece] = {
    piece.__name__: piece
    for piece in (
        nothing, alias, version, all_versions, model, run, run_for_ever, experiment,
        experiment_for_ever, logged_model_for_ever, package_of_the_champion, package_moved,
        a_byte_of_the_champion, artifacts_of_the_run, all_artifacts, database, database_emptied,
        database_damaged, all_of_mlflow, model_folder,
    )
}  # fmt: skip
COMMANDS: dict[str, Command] = {
    "serve": serve,
    "predict": predict_alias,
    "warm start": warm_start,
    "why": by_hand("why", "2"),
    "history": by_hand("history"),
    "retrain": retrain,
    "register": register,
    "review": review,
    "promote": by_hand("1"),
    "rollback": by_hand("rollback"),
}
QUICK = ("serve", "predict", "retrain")  # the others take minutes on so many pieces
NO_CHAMPION = "brings a lost champion back"
NO_VERSION = "toys has no version '{}'; there are: {}. `python -m pipeline.register` registers the"
NO_FILES = "version {} of toys: its files are missing at /"
NO_STORE = "no MLflow store sqlite:///{root}/mlflow.db; run `python -m pipeline.retrain`"
DAMAGED = "its files are damaged (model.onnx) at {root}/mlruns/toys/models/"
DELETED = "the MLflow experiment 'toys' is deleted; restore it (`mlflow experiments restore "
NO_MODEL = "/artifacts/model/card.json: expected a file; got none. Run `dvc repro train`"
NO_DATABASE = "file is not a database. Restore a copy of it; or move it away, and run `python -m"
# What a command returns, or a part of the one line of its error, in a tuple.
WHOLE: dict[str, str | tuple[str]] = {
    "serve": "2", "predict": "predicts", "warm start": "settings", "why": "2", "history": "2",
    "retrain": "10, 2", "register": "2", "review": "2", "promote": "1", "rollback": "1",
}  # fmt: skip
LOST_ALIAS = WHOLE | {
    "serve": (NO_CHAMPION,), "predict": (NO_CHAMPION,), "warm start": "none", "why": "None",
    "history": "None", "retrain": "0, 2", "review": "None", "rollback": (NO_CHAMPION,),
}  # fmt: skip
# The project's model is registered again as version 3, and no better than version 1.
LOST_FILES = WHOLE | {
    "serve": (NO_FILES.format(2),), "predict": (NO_FILES.format(2),),
    "warm start": (NO_FILES.format(2),), "retrain": "0, 1", "register": "1", "review": "None",
}  # fmt: skip
NOTHING_LEFT = LOST_ALIAS | {
    "why": (NO_VERSION.format(2, "none"),), "retrain": "0, 1", "register": "1",
    "promote": (NO_VERSION.format(1, "none"),),
}  # fmt: skip
EXPECTED: dict[str, dict[str, str | tuple[str]]] = {
    "nothing": WHOLE,
    "alias": LOST_ALIAS,
    "version": LOST_ALIAS | {"why": (NO_VERSION.format(2, 1),), "retrain": "0, 1", "register": "1"},
    "all_versions": NOTHING_LEFT | {"retrain": "0, 3", "register": "3"},
    "model": NOTHING_LEFT,
    "run": WHOLE,
    "run_for_ever": WHOLE,
    "experiment": dict.fromkeys(COMMANDS, (DELETED,)) | {"serve": "2", "predict": "predicts"},
    "experiment_for_ever": WHOLE,
    "logged_model_for_ever": LOST_FILES,
    "package_of_the_champion": LOST_FILES,
    "package_moved": LOST_FILES,
    "a_byte_of_the_champion": LOST_FILES
    | {"serve": (DAMAGED,), "predict": (DAMAGED,), "warm start": (DAMAGED,)},
    "artifacts_of_the_run": WHOLE,
    "all_artifacts": LOST_FILES
    | {"retrain": "0, 3", "register": "3"}
    | {"promote": (NO_FILES.format(1),), "rollback": (NO_FILES.format(1),)},
    "database": NOTHING_LEFT | {"serve": (NO_STORE,), "predict": (NO_STORE,)},
    "database_emptied": NOTHING_LEFT,
    "database_damaged": dict.fromkeys(COMMANDS, (NO_DATABASE,)),
    "all_of_mlflow": NOTHING_LEFT | {"serve": (NO_STORE,), "predict": (NO_STORE,)},
    "model_folder": WHOLE | {"register": (NO_MODEL,)},
}


@pytest.fixture(scope="module")
def config(toy_config: Config) -> Config:
    waived = {"waived": "no baselines here"}
    return overlay(toy_config, {"gates.data": None, "gates.must_beat_baselines": waived})


def without(piece: str, project: Paths) -> Paths:
    """The project without a piece, in a new place: this process has opened the old store."""
    connect("toys", project)  # the addresses of the copy are its own
    PIECES[piece](project)
    return Paths(project.root.rename(project.root.with_name(f"without-{piece}")))


def check(piece: str, command: str, config: Config, paths: Paths) -> None:
    expected = EXPECTED[piece][command]
    if isinstance(expected, str):
        assert COMMANDS[command](config, paths) == expected
        return
    with pytest.raises(InputError) as error:
        COMMANDS[command](config, paths)
    message = str(error.value)
    assert expected[0].format(root=paths.root) in message
    assert "\n" not in message


@pytest.mark.parametrize("piece", PIECES)
def test_without_a_piece_the_champion_serves_or_the_next_night_brings_one_back(
    piece: str, project: Paths, config: Config
) -> None:
    paths = without(piece, project)
    for command in QUICK:
        check(piece, command, config, paths)


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_without_a_piece_each_command_works_or_says_what_to_do(
    piece: str, project: Paths, config: Config, tmp_path: Path
) -> None:
    paths = without(piece, project)
    for command in set(COMMANDS) - set(QUICK):
        check(piece, command, config, copy_project(paths, tmp_path / command))
