"""Where runs are kept: one SQLite file at the project's root, whoever comes first."""

import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tracked import PROCESS, runs_of

from conveyor import files
from conveyor.config import ConfigError, NamedConfig, load
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.secrets import without_secret
from conveyor.tracking.location import home
from conveyor.tracking.store import StoreUnavailable, connect


def test_four_processes_at_once_make_one_store(tmp_path: Path) -> None:
    command = [sys.executable, str(PROCESS), str(tmp_path), "connect"]
    starting = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    for process in starting:
        _, told = process.communicate()
        assert process.returncode == 0, told.decode()
    assert (tmp_path / "mlflow.db").is_file()
    assert len(runs_of(Paths(tmp_path))) == 4


def test_a_temporary_checkout_records_in_the_main_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, temporary = tmp_path / "main", tmp_path / "temporary"
    main.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(main))
    connect("toys", Paths(temporary))
    assert (main / "mlflow.db").is_file()
    assert not list(temporary.iterdir())


def test_a_given_store_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'other.db'}")
    assert connect("toys", Paths(tmp_path)).client.tracking_uri.endswith("other.db")
    assert (tmp_path / "other.db").is_file()
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hunter2@db/x failed", "postgresql://me:***@db/x failed"),
        ("https://me:p%40ss@host and http://a:b@c", "https://me:***@host and http://a:***@c"),
        ("http://127.0.0.1:5000/x@y", "http://127.0.0.1:5000/x@y"),
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
    ],
)
def test_passwords_are_hidden(text: str, shown: str) -> None:
    assert without_secret(text) == shown


def test_a_store_without_its_driver_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mssql://me:hunter2@/x")
    with pytest.raises(InputError, match="needs the package pyodbc, which is not installed") as t:
        connect("toys", Paths(tmp_path))
    assert "hunter2" not in str(t.value)


def test_a_store_that_cannot_be_reached_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@127.0.0.1:9")
    with pytest.raises(InputError) as told:
        connect("toys", Paths(tmp_path))
    assert "MLflow at http://me:***@127.0.0.1:9 does not answer" in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("has_tls", "cause"), [(True, "self-signed certificate"), (False, "WRONG_VERSION_NUMBER")]
)
def test_a_failure_of_tls_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_tls: bool, cause: str
) -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if has_tls:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"https://me:hunter2@127.0.0.1:{server.server_port}")
    with pytest.raises(StoreUnavailable, match=r"cannot be reached over TLS: ") as error:
        connect("toys", Paths(tmp_path))
    server.shutdown()
    assert cause in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_deleted_experiment_is_told_with_the_way_back(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    opened = connect("toys", paths)
    opened.client.delete_experiment(opened.experiment_id)
    with pytest.raises(InputError, match="mlflow experiments restore"):
        connect("toys", paths)


def test_an_unwritable_home_of_the_lock_is_made(tmp_path: Path) -> None:
    connect("toys", Paths(tmp_path / "new"))
    assert (home(Paths(tmp_path / "new")) / ".conveyor").is_dir()


def test_the_model_has_the_name_of_the_configuration_whatever_else_is_in_it(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with pytest.raises(ConfigError, match="Run `dvc repro compose`"):
        load(NamedConfig, paths.config)
    files.write_text(paths.config, "name: toys\nmodel: of another Conveyor\n")
    assert load(NamedConfig, paths.config).name == "toys"
    files.write_text(paths.config, "seed: 1\n")
    with pytest.raises(ConfigError, match="name: expected a value; got none"):
        load(NamedConfig, paths.config)
