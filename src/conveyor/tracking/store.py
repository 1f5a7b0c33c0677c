"""Where runs are kept, and how the store is opened."""

import logging
import os
import re
from dataclasses import dataclass

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from conveyor import files
from conveyor.errors import InputError, missing_package
from conveyor.paths import Paths
from conveyor.tracking.location import home, sqlite_file, uri

ARTIFACTS = "mlruns"


@dataclass(frozen=True)
class Tracking:
    """One experiment of an open store."""

    client: MlflowClient
    experiment_id: str
    uri: str


def without_secret(text: str) -> str:
    """Hide the password of every URL in a text."""
    return re.sub(r"(://[^/\s:@]*):[^/\s@]*@", r"\1:***@", text)


def connect(name: str, paths: Paths) -> Tracking:
    """Open the store and the experiment `name`, making both where they are missing.

    Processes that open a new SQLite store at once would break its migrations, so they take turns.

    Raises:
        InputError: the store or its driver is not there; passwords are left out of the message.
    """
    quiet()
    where = uri(paths)
    lock = home(paths) / ".conveyor" / "mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock):
            _make_whole(where)
            _point_mlflow_at(where)
            client = MlflowClient(where, where)
            found = client.get_experiment_by_name(name)
            if found is None:
                # A local store is told its folder, since a server's root would not fit it later.
                folder = home(paths) / ARTIFACTS / name
                location = folder.as_uri() if sqlite_file(where) else None
                return Tracking(client, client.create_experiment(name, location), where)
    except ModuleNotFoundError as error:
        needed_by = f"the MLflow store {without_secret(where)}"
        extra = "postgres" if where.startswith("postgresql") else None
        raise InputError(missing_package(needed_by, error.name, extra)) from None
    except MlflowException as error:
        shown = without_secret(f"{where}: {error}")
        raise InputError(f"cannot open the MLflow store {shown}") from None
    if found.lifecycle_stage == "deleted":
        raise InputError(
            f"the MLflow experiment {name!r} is deleted; restore it (`mlflow experiments restore "
            f"--experiment-id {found.experiment_id}`) or choose another `name` in params.yaml"
        )
    return Tracking(client, found.experiment_id, where)


def open_existing(paths: Paths) -> MlflowClient:
    """Open the store to read it: neither a database nor an experiment is made.

    Raises:
        InputError: there is no store yet.
    """
    quiet()
    where = uri(paths)
    file = sqlite_file(where)
    if file and not file.is_file():
        raise InputError(f"there is no MLflow store {where}; run `dvc repro`, which makes it")
    _point_mlflow_at(where)
    return MlflowClient(where, where)


def _make_whole(where: str) -> None:
    """Make a missing SQLite store under another name first: killed while it makes its tables,
    MLflow could not open the file again."""
    path = sqlite_file(where)
    if path is None or path.exists():
        return
    fresh = path.with_name(f"{path.name}.new")
    for left_over in (fresh, fresh.with_name(f"{fresh.name}-journal")):
        left_over.unlink(missing_ok=True)
    url = files.sqlite_url(fresh)
    MlflowClient(url, url).search_experiments(max_results=1)
    fresh.replace(path)


def _point_mlflow_at(where: str) -> None:
    """For MLflow's fluent calls, without the environment variable that it sets for children."""
    given = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(where)
    mlflow.set_registry_uri(where)
    if given is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)


def quiet() -> None:
    """MLflow and Alembic tell of every migration and default; errors still show."""
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
