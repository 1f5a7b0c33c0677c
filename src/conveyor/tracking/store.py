"""Opens the MLflow store."""

import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from conveyor import files
from conveyor.errors import ExitCode, InputError, missing_package
from conveyor.paths import Paths
from conveyor.resource_errors import describe_resource_error, describe_tls_error
from conveyor.secrets import without_secret
from conveyor.tracking.addresses import ARTIFACTS, mend_addresses
from conveyor.tracking.experiment_page import write_experiment_page
from conveyor.tracking.location import DATABASE, home, journals, sqlite_file, store_name, uri
from conveyor.tracking.records import is_temporary
from conveyor.tracking.sender import Sender

# Calls are repeated for some seconds, not four minutes; once a run is open, `sender` ends that.
CALLS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
ANSWER_SECONDS = 4.0  # a store that takes longer is taken for one that is down
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


class StoreUnavailable(InputError):
    """The MLflow store does not answer. The same command can be run when it does."""

    exit_code = ExitCode.FAILED


@dataclass(frozen=True)
class Tracking:
    """One experiment of an open store.

    Attributes:
        store: its name in journals; see `location.store_name`.
        sender: sends what this process writes into runs of its own.
    """

    client: MlflowClient
    experiment_id: str
    store: str
    sender: Sender


def connect(name: str, paths: Paths) -> Tracking:
    """Open the store and the experiment `name`; create what is missing.

    Processes that opened a new SQLite store at once would break its migrations, so a lock lets one
    in at a time. Where the project was moved, the addresses in its own store are mended.

    Raises:
        StoreUnavailable: it does not answer.
        InputError: the store cannot be opened, its driver is missing, or the experiment was
            deleted; the message holds no password.
    """
    quiet()
    where = uri(paths)
    if not is_http(where):
        require_answer(where)
    lock = home(paths) / ".conveyor" / "mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock):
            _create_sqlite(where)
            check_sqlite(where)
            if where == files.sqlite_url(home(paths) / DATABASE):
                mend_addresses(home(paths) / DATABASE, home(paths))
            client = _open_client(where)
            with _first_call():
                experiment = client.get_experiment_by_name(name)
            for variable, value in CALLS.items():
                os.environ.setdefault(variable, value)
            if experiment is None:
                # A local store gets its folder; a server chooses its own.
                folder = home(paths) / ARTIFACTS / name
                location = folder.as_uri() if sqlite_file(where) else None
                created = client.create_experiment(name, location)
                experiment = client.get_experiment(created)
            if experiment.lifecycle_stage != "deleted":
                write_experiment_page(client, experiment, paths)
    except ModuleNotFoundError as error:
        needed_by = f"the MLflow store {without_secret(where)}"
        extra = "postgres" if where.startswith("postgresql") else None
        raise InputError(missing_package(needed_by, error.name, extra)) from None
    except MlflowException as error:
        if is_http(where) and is_temporary(error):
            raise _unavailable(where, error) from None
        if describe_resource_error(error):
            raise
        reason = without_secret(f"{where}: {error}")
        raise InputError(f"cannot open the MLflow store {reason}") from None
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"the MLflow experiment {name!r} is deleted; restore it (`mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}`) or choose another `name` in params.yaml"
        )
    return _track(client, experiment.experiment_id, where, paths)


def _track(client: MlflowClient, experiment_id: str, where: str, paths: Paths) -> Tracking:
    return Tracking(client, experiment_id, store_name(), Sender(client, where, journals(paths)))


def require_answer(where: str) -> None:
    """Check that a store on a server answers; MLflow itself would try for four minutes.

    Raises:
        StoreUnavailable: it does not.
    """
    parts = urlsplit(where)
    scheme = parts.scheme.partition("+")[0]
    try:
        if is_http(where):
            http_request(get_default_host_creds(where), "/health", "GET", max_retries=0,
                         timeout=ANSWER_SECONDS)  # fmt: skip
        elif scheme in PORTS and parts.hostname:
            address = parts.hostname, parts.port or PORTS[scheme]
            socket.create_connection(address, ANSWER_SECONDS).close()
    except (MlflowException, OSError) as error:
        raise _unavailable(where, error) from None


def is_http(where: str) -> bool:
    """Whether the store is a server of MLflow's."""
    return urlsplit(where).scheme in ("http", "https")


def _unavailable(where: str, error: Exception) -> StoreUnavailable:
    place, tls = f"MLflow at {without_secret(where)}", describe_tls_error(error)
    if tls is None:
        return StoreUnavailable(
            f"{place} does not answer within {ANSWER_SECONDS:g} s. "
            "Start it, or set MLFLOW_TRACKING_URI to another one"
        )
    return StoreUnavailable(
        f"{place} cannot be reached over TLS: {tls}. Set MLFLOW_TRACKING_SERVER_CERT_PATH to a "
        "file of the certificates to trust, or correct MLFLOW_TRACKING_URI"
    )


@contextmanager
def _first_call() -> Iterator[None]:
    """Let a call of MLflow's client fail at once if the server does not answer."""
    quick = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
             "MLFLOW_HTTP_REQUEST_TIMEOUT": f"{ANSWER_SECONDS:.0f}"}  # fmt: skip
    before = {variable: os.environ.get(variable) for variable in quick}
    os.environ.update(quick)
    try:
        yield
    finally:
        for variable, value in before.items():
            os.environ.pop(variable)
            if value is not None:
                os.environ[variable] = value


def open_existing(paths: Paths) -> MlflowClient:
    """Open the store to read it; create neither a database nor an experiment.

    Raises:
        StoreUnavailable: it does not answer.
        InputError: there is no store yet, or it is damaged.
    """
    quiet()
    where = uri(paths)
    require_answer(where)
    file = sqlite_file(where)
    if file and not file.is_file():
        raise InputError(
            f"there is no MLflow store {where}; run `python -m pipeline.retrain`, which makes it, "
            "and registers the project's model or trains one"
        )
    check_sqlite(where)
    return _open_client(where)


def check_sqlite(where: str) -> None:
    """Check that the file of a SQLite store can be read, if there is one.

    Raises:
        InputError: it is damaged, or stays locked; the message says what to do.
    """
    path = sqlite_file(where)
    if path is None or not path.is_file():
        return
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"cannot open the MLflow store {where}: {error}. Restore a copy of it; or move it "
            "away, and run `python -m pipeline.retrain`, which registers the project's model anew"
        ) from None


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
    """Silence what MLflow and its libraries log about migrations, defaults and repeated calls, but
    not their errors."""
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # a call for each
    for logger in ("mlflow", "alembic", "urllib3"):
        logging.getLogger(logger).setLevel(logging.ERROR)
