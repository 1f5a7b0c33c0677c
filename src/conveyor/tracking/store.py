"""Opens the MLflow store."""

import logging
import os
import sqlite3
from dataclasses import dataclass

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.errors import InputError, missing_package
from conveyor.paths import Paths
from conveyor.secrets import without_secret
from conveyor.tracking.addresses import ARTIFACTS, mend_addresses
from conveyor.tracking.location import DATABASE, home, sqlite_file, uri


@dataclass(frozen=True)
class Tracking:
    """One experiment of an open store."""

    client: MlflowClient
    experiment_id: str


def connect(name: str, paths: Paths) -> Tracking:
    """Open the store and the experiment `name`; create what is missing.

    Processes that opened a new SQLite store at once would break its migrations, so a lock lets one
    in at a time. Where the project was moved, the addresses in its own store are mended.

    Raises:
        InputError: the store cannot be opened, its driver is missing, or the experiment was
            deleted; the message holds no password.
    """
    quiet()
    where = uri(paths)
    lock = home(paths) / ".conveyor" / "mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock):
            _create_sqlite(where)
            if where == files.sqlite_url(home(paths) / DATABASE):
                mend_addresses(home(paths) / DATABASE, home(paths))
            client = _open_client(where)
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                # A local store gets its folder; a server chooses its own.
                folder = home(paths) / ARTIFACTS / name
                location = folder.as_uri() if sqlite_file(where) else None
                return Tracking(client, client.create_experiment(name, location))
    except ModuleNotFoundError as error:
        needed_by = f"the MLflow store {without_secret(where)}"
        extra = "postgres" if where.startswith("postgresql") else None
        raise InputError(missing_package(needed_by, error.name, extra)) from None
    except (MlflowException, sqlite3.DatabaseError) as error:
        reason = without_secret(f"{where}: {error}")
        raise InputError(f"cannot open the MLflow store {reason}") from None
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"the MLflow experiment {name!r} is deleted; restore it (`mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}`) or choose another `name` in params.yaml"
        )
    return Tracking(client, experiment.experiment_id)


def open_existing(paths: Paths) -> MlflowClient:
    """Open the store to read it; create neither a database nor an experiment.

    Raises:
        InputError: there is no store yet.
    """
    quiet()
    where = uri(paths)
    file = sqlite_file(where)
    if file and not file.is_file():
        raise InputError(f"there is no MLflow store {where}; run `dvc repro`, which makes it")
    return _open_client(where)


def _create_sqlite(where: str) -> None:
    """Create a missing SQLite store under another name, then rename it.

    MLflow cannot open a database again whose tables were being created when it was killed.
    """
    path = sqlite_file(where)
    if path is None or path.exists():
        return
    fresh = path.with_name(f"{path.name}.new")
    for left_over in (fresh, fresh.with_name(f"{fresh.name}-journal")):
        left_over.unlink(missing_ok=True)
    url = files.sqlite_url(fresh)
    MlflowClient(url, url).search_experiments(max_results=1)
    fresh.replace(path)


def _open_client(where: str) -> MlflowClient:
    """Open a store, also for MLflow's fluent calls.

    MLflow sets variables of the environment for children, which are removed again.
    """
    unset = {"MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"} - set(os.environ)
    mlflow.set_tracking_uri(where)
    mlflow.set_registry_uri(where)
    for variable in unset:
        os.environ.pop(variable, None)
    return MlflowClient(where, where)


def quiet() -> None:
    """Silence what MLflow and Alembic log about migrations and defaults, but not their errors."""
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
