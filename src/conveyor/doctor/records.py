"""Checks of what the MLflow store holds: the champion, and runs that nobody ends."""

from collections.abc import Iterator

from mlflow import MlflowClient

from conveyor.config import NamedConfig, load
from conveyor.doctor.diagnosis import Diagnosis, note, problem, quote
from conveyor.paths import Paths
from conveyor.registry.model_version import RegisteredModel
from conveyor.tracking.location import given_up, sqlite_file, uri
from conveyor.tracking.provenance import is_dead
from conveyor.tracking.store import open_existing

RETRAIN = "python -m pipeline.retrain"


def check_champion(paths: Paths) -> Iterator[Diagnosis]:
    """Whether the champion exists and its files are those that were registered.

    Raises:
        InputError: they are not; the message says what to do.
    """
    store = _open(paths)
    if store is None:
        if paths.receipt.is_file():
            message = f"{paths.receipt} says that a model was registered, but there is no store"
            yield problem(message, RETRAIN)
        else:
            yield note("there is no store yet, and so no champion", "dvc repro")
        return
    client, name = store
    champion = RegisteredModel(client, name).champion()
    if champion is not None:
        champion.fetch(paths)
    elif paths.receipt.is_file():
        message = f"{paths.receipt} says that {name} was registered, but it has no champion"
        yield problem(message, RETRAIN)
    else:
        yield note(f"{name} has no champion yet", "dvc repro")


def check_runs(paths: Paths) -> Iterator[Diagnosis]:
    """Whether runs are RUNNING although their process has ended."""
    store = _open(paths)
    if store is None:
        return
    client, name = store
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return
    running = client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
    dead = [run.info.run_id for run in running if is_dead(run.data.tags)]
    if dead:
        which = f"{dead[0]} and others" if len(dead) > 1 else dead[0]
        message = f"{len(dead)} runs are RUNNING, but their processes have ended: {which}"
        yield problem(message, RETRAIN)


def check_given_up(paths: Paths) -> Iterator[Diagnosis]:
    """Whether records of runs were given up, since the store has failed at them again and again."""
    folder = given_up(paths)
    copies = sorted(folder.iterdir()) if folder.is_dir() else []
    if copies:
        message = (f"MLflow did not take a record of {len(copies)} runs, whose records are kept in "
                   f"{folder}")  # fmt: skip
        yield note(message, f"read them, then: rm -r {quote(folder)}")


def _open(paths: Paths) -> tuple[MlflowClient, str] | None:
    """A client of the store, and the project's name; None before there are a configuration and a
    store."""
    file = sqlite_file(uri(paths))
    if not paths.config.is_file() or (file is not None and not file.is_file()):
        return None
    return open_existing(paths), load(NamedConfig, paths.config).name
